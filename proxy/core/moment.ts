/** Moments in milliseconds since the epoch, as they stand in files and stores. */
import { z } from 'zod'

/** The last moment that a `Date` can hold (ECMA-262 21.4.1.1): a later one makes `toISOString` throw. */
export const LAST_MOMENT_MS = 8.64e15

/** Reads a moment that a `Date` can hold. */
export const momentMs = z.number().min(-LAST_MOMENT_MS).max(LAST_MOMENT_MS)

/** Returns a moment as text, in ISO 8601 and UTC. Throws a RangeError for one that no `Date` can hold. */
export function momentText(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

/** Returns a moment as text; null where there is none: undefined, or never. */
export function momentTextOrNull(timeMs: number | undefined): string | null {
  return timeMs === undefined || !Number.isFinite(timeMs) ? null : momentText(timeMs)
}

/** Says for people until when something lasts that operators can lift. */
export function untilText(untilMs: number | undefined): string {
  return untilMs === undefined ? 'until it is lifted' : `until ${momentText(untilMs)}`
}
