/** A standing demand that people approve whatever an agent changes: what a watcher asks for instead of a quarantine. */
import { z } from 'zod'

export const Demand = z.strictObject({
  agent: z.string(),
  approvers: z.union([z.literal(1), z.literal(2)]),
  /** For the agent and for who approves. */
  reason: z.string(),
  /** A person, or the watcher's name. */
  by: z.string(),
})
export type Demand = z.output<typeof Demand>

/** Its name in the ledger, beside approvals, whose ids are hex. */
export function demandId(agentId: string): string {
  return `demand:${agentId}`
}
