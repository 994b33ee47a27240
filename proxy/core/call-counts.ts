/** Defines the counts of a task's calls, as tasks keep them, the admin API answers them, and commands read them. */
import { z } from 'zod'

export const CallCounts = z.object({
  calls: z.int(),
  forwarded: z.int(),
  refused: z.int(),
  failed: z.int().describe('The client left, or AWS did not answer.'),
  held: z.int(),
  waitedMs: z.int(),
})
export type CallCounts = Readonly<z.output<typeof CallCounts>>

export const NO_CALLS: CallCounts = {
  calls: 0,
  forwarded: 0,
  refused: 0,
  failed: 0,
  held: 0,
  waitedMs: 0,
}
