/** Slows the pace of agents, as the ledger says: the kind `slowdown`, one entry an agent. */
import { z } from 'zod'
import type { Ledger } from './ledger.ts'
import type { Table } from './table.ts'

/** The most that an agent is slowed: one thing in 10 s becomes one in nearly three hours. */
export const MAX_FACTOR = 1_000

/** Reads the value of a `slowdown` entry; its id is the agent's. */
export const Slowdown = z.strictObject({
  /** How many times as long each thing of the agent takes. */
  factor: z.number().min(1).max(MAX_FACTOR),
  /** Tells whoever asks why. */
  reason: z.string().min(1),
  /** The watcher or the person that decided it. */
  by: z.string().min(1),
})
export type Slowdown = z.output<typeof Slowdown>

/** Returns the slowdowns by agent. One that cannot be read slows the most. */
export function slowdowns(ledger: Pick<Ledger, 'table'>): Table<Slowdown> {
  return ledger.table('slowdown', Slowdown, () => ({
    factor: MAX_FACTOR,
    reason: 'The entry in the state store cannot be read.',
    by: 'Somebody',
  }))
}

/** Returns how many times as slow an agent's own pace is; 1: not slowed. */
export function slowdownOf(ledger: Pick<Ledger, 'table'>): (agentId: string) => number {
  const table = slowdowns(ledger)
  return (agentId) => table.get(agentId)?.value.factor ?? 1
}
