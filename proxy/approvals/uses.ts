/** Counts the uses of an approval, for the call that it was given for and no other. Pure. */
import { statusOf, type Approval } from './approval.ts'
import type { CallKey } from './stored-approval.ts'

/** Returns the approval with one use taken; undefined if the call has none. */
export function spent(approval: Approval, key: CallKey, approvers: number): Approval | undefined {
  if (!isFor(approval, key) || statusOf(approval, approvers) !== 'approved') return undefined
  return { ...approval, used: approval.used + 1 }
}

/**
 * Returns the approval with one use given back; undefined if there is none. One that depends on anything gets none back:
 * once used, it is not voided by what changes meanwhile, so people must look again.
 */
export function unspent(approval: Approval, key: CallKey): Approval | undefined {
  if (!isFor(approval, key) || approval.used === 0 || approval.dependsOn.length > 0) return undefined
  return { ...approval, used: approval.used - 1 }
}

function isFor({ agent, task, digest }: Approval, key: CallKey): boolean {
  return agent === key.agentId && task?.id === key.taskId && digest === key.digest
}
