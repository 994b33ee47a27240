/** The part of the configuration that says what people may open for agents in an emergency. */
import { z } from 'zod'
import { ACTION_CLASSES } from '../../core/action-class.ts'
import { paceSetting } from './calls.ts'
import { setting } from './setting.ts'
import { durationMs } from './values.ts'

const LONGEST_MS = 24 * 3_600_000

/** A break-glass never covers `credentials`, which outlive it, nor `unknown`, which nobody can mean. */
const BREAKABLE = ACTION_CLASSES.filter((name) => name !== 'credentials' && name !== 'unknown')
export const breakableClass = z.enum(BREAKABLE)

export const breakglass = z
  .strictObject({
    maxDuration: setting(
      durationMs.refine((ms) => ms >= 1_000 && ms <= LONGEST_MS, 'must be 1s to 24h').prefault('1h'),
      { doc: 'The longest that one may be opened for.', reload: true },
    ),
    people: setting(z.union([z.literal(1), z.literal(2)]).default(1), {
      doc: 'How many people it takes to open one; the second confirms, and is never the opener.',
      reload: true,
    }),
    confirmWithin: setting(
      durationMs.refine((ms) => ms >= 1_000 && ms <= LONGEST_MS, 'must be 1s to 24h').prefault('15m'),
      { doc: 'How long one waits for the second person.', reload: true },
    ),
    classes: setting(z.array(breakableClass).default(BREAKABLE), {
      doc: 'What may be opened; [] is nothing. credentials and unknown never may.',
      reload: true,
    }),
    resources: setting(z.array(z.string().min(1)).min(1).default(['*']), {
      doc: 'Patterns that must cover the resources of each.',
      reload: true,
    }),
    pace: paceSetting
      .optional()
      .describe("The agent's own pace while one with --pace is open: rate, burst, maxWait. None without it."),
  })
  .prefault({})
