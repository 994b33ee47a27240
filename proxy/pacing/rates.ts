/** Parses and formats rates and durations as operators write them: `6/min`, `20s`. Pure. */

export interface RatePer {
  readonly things: number
  readonly perMs: number
}

const RATE_UNITS_MS = new Map([
  ['s', 1_000],
  ['min', 60_000],
  ['h', 3_600_000],
])
const DURATION_UNITS_MS = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
])

/** Reads a rate such as `6/min`. Throws an Error that says what is allowed. */
export function parseRate(text: string): RatePer {
  const match = /^([1-9]\d{0,8})\/(s|min|h)$/.exec(text)
  const perMs = RATE_UNITS_MS.get(match?.[2] ?? '')
  if (match === null || perMs === undefined) {
    throw new Error(
      `'${text}' is not a rate: write a whole number from 1, then /s, /min or /h, such as 6/min`,
    )
  }
  return { things: Number(match[1]), perMs }
}

/** Formats a rate as `parseRate` reads it. */
export function formatRate({ things, perMs }: RatePer): string {
  for (const [unit, ms] of RATE_UNITS_MS) if (ms === perMs) return `${things}/${unit}`
  return `${things}/${perMs}ms`
}

/** Reads a duration such as `20s` into milliseconds. Throws an Error that says what is allowed. */
export function parseDurationMs(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text)
  const unitMs = DURATION_UNITS_MS.get(match?.[2] ?? '')
  if (match === null || unitMs === undefined) {
    throw new Error(`'${text}' is not a duration: write a whole number, then ms, s, m or h, such as 20s`)
  }
  return Number(match[1]) * unitMs
}
