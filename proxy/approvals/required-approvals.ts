/** Keeps standing demands that people approve whatever an agent changes: a watcher may ask for that in place of a quarantine. */
import { z } from 'zod'
import type { Ledger } from '../state/ledger.ts'
import type { Row, Table } from '../state/table.ts'

export const Demand = z.strictObject({
  agent: z.string(),
  approvers: z.union([z.literal(1), z.literal(2)]),
  /** Told to the agent and to who approves. */
  reason: z.string(),
  /** A person, or the watcher's name. */
  by: z.string(),
})
export type Demand = z.output<typeof Demand>

/** Holds a demand in force. */
export interface KnownDemand extends Demand {
  /** Its entry cannot be read: it asks for the most people. */
  readonly isUnreadable: boolean
}

/**
 * Returns the demands by agent. They stand in the ledger beside approvals, whose ids are hex. One that cannot be read
 * wants as many people as there can be.
 */
export function demands(ledger: Pick<Ledger, 'table'>): Table<Demand> {
  return ledger.table(
    'approval',
    Demand,
    ({ id }) => ({
      agent: id,
      approvers: 2,
      reason: 'People must approve the changes of this agent; for which reason the state store does not say.',
      by: 'Somebody',
    }),
    { prefix: 'demand:' },
  )
}

/** Returns the demand of a row. */
export function demandOf({ value, isUnreadable }: Row<Demand>): KnownDemand {
  return { ...value, isUnreadable }
}
