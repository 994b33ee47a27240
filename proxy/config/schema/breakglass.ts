/** The part of the configuration that says what people may open for agents in an emergency. */
import { z } from 'zod'
import { ACTION_CLASSES } from '../../core/action-class.ts'
import { paceSetting } from './calls.ts'
import { durationMs } from './values.ts'

const LONGEST_MS = 24 * 3_600_000

/** What issues credentials outlives every break-glass, and what is unknown cannot be meant. */
const BREAKABLE = ACTION_CLASSES.filter((name) => name !== 'credentials' && name !== 'unknown')
export const breakableClass = z.enum(BREAKABLE)

export const breakglass = z
  .strictObject({
    maxDuration: durationMs
      .refine((ms) => ms >= 1_000 && ms <= LONGEST_MS, 'must be 1s to 24h')
      .prefault('1h')
      .describe('The longest that one may be opened for.'),
    people: z
      .union([z.literal(1), z.literal(2)])
      .default(1)
      .describe('How many people it takes to open one; the second confirms, and is never the opener.'),
    confirmWithin: durationMs
      .refine((ms) => ms >= 1_000 && ms <= LONGEST_MS, 'must be 1s to 24h')
      .prefault('15m')
      .describe('How long one waits for the second person.'),
    classes: z
      .array(breakableClass)
      .default(BREAKABLE)
      .describe('What may be opened; [] is nothing. credentials and unknown never may.'),
    resources: z
      .array(z.string().min(1))
      .min(1)
      .default(['*'])
      .describe('Patterns that must cover the resources of each.'),
    pace: paceSetting
      .optional()
      .describe("The agent's own pace while one with --pace is open: rate, burst, maxWait. None without it."),
  })
  .prefault({})
