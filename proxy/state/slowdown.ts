/** Agents whose pace is slowed, as the ledger says: the kind `slowdown`, one entry an agent. */
import { z } from 'zod'
import type { Ledger } from './ledger.ts'

/** The most that an agent is slowed: one thing in 10 s becomes one in nearly three hours. */
export const MAX_FACTOR = 1_000

/** The value of a `slowdown` entry; its id is the agent's. */
export const Slowdown = z.strictObject({
  /** How many times as long each thing of the agent takes. */
  factor: z.number().min(1).max(MAX_FACTOR),
  /** In words, for whoever asks why. */
  reason: z.string().min(1),
  /** The watcher or the person that decided it. */
  by: z.string().min(1),
})
export type Slowdown = z.output<typeof Slowdown>

/** How many times as slow an agent's own pace is; 1: not slowed. An entry that cannot be read slows the most. */
export function slowdownOf(ledger: Pick<Ledger, 'get'>): (agentId: string) => number {
  return (agentId) => {
    const entry = ledger.get('slowdown', agentId)
    if (entry === undefined) return 1
    const read = Slowdown.safeParse(entry.value)
    return read.success ? read.data.factor : MAX_FACTOR
  }
}
