/** Holds approvals as this replica knows them, whose call they are for, and what is told of them. */
import type { Agent } from '../core/agent.ts'
import type { Approval, PersonDecision } from './approval.ts'

/** Says whose call an approval is for. */
export interface CallKey {
  readonly agentId: string
  /** Undefined: an agent without a task. */
  readonly taskId: string | undefined
  readonly digest: string
}

export function callKey({ id, session }: Agent, digest: string): CallKey {
  return { agentId: id, taskId: session?.task.id, digest }
}

/** Holds an approval in force, as this replica knows it. */
export interface StoredApproval {
  readonly id: string
  readonly approval: Approval
  readonly revision: number
  readonly expiresAtMs: number
}

export type ApprovalEvent =
  | { readonly kind: 'asked'; readonly known: StoredApproval }
  | { readonly kind: 'voided'; readonly known: StoredApproval }
  | { readonly kind: 'decided'; readonly known: StoredApproval; readonly decision: PersonDecision }

/** Says why an approval cannot be decided. */
export class ApprovalError extends Error {
  override readonly name = 'ApprovalError'
  readonly error: string

  constructor({ error, message }: { readonly error: string; readonly message: string }) {
    super(message)
    this.error = error
  }
}
