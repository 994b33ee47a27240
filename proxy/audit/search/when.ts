/** Reads the times that people give to a search. Pure. */

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?<zone>Z|[+-]\d{2}:?\d{2})?)?$/i

/** Says what people may write. */
export const WHEN =
  'a time before now, such as 30m, 2h or 7d, or a date such as 2026-01-31 or 2026-01-31T09:30 (UTC)'

/**
 * Returns a moment in milliseconds since the epoch: a time before now (`1h`), or a date with or without a time of day, in
 * UTC unless it names a zone. Undefined if it is neither.
 */
export function momentGiven(text: string, nowMs: number): number | undefined {
  const ago = /^(\d{1,9})([smhd])$/.exec(text)
  if (ago !== null) return nowMs - Number(ago[1]) * (UNITS_MS[ago[2] ?? ''] ?? 0)
  const date = DATE.exec(text)
  if (date === null) return undefined
  const hasZone = date.groups?.['zone'] !== undefined
  const isDay = text.length === 10
  const ms = Date.parse(`${text.replace(' ', 'T').toUpperCase()}${hasZone || isDay ? '' : 'Z'}`)
  return Number.isNaN(ms) ? undefined : ms
}
