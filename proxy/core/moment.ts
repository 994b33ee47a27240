/** Moments in milliseconds since the epoch, as they stand in files and stores. */
import { z } from 'zod'

/** The last moment that a `Date` can hold (ECMA-262 21.4.1.1): a later one makes `toISOString` throw. */
export const LAST_MOMENT_MS = 8.64e15

/** Reads a moment that a `Date` can hold. */
export const momentMs = z.number().min(-LAST_MOMENT_MS).max(LAST_MOMENT_MS)
