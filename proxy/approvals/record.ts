/** Makes the audit records of an approval: asked for, voided, or decided by whom. */
import type { AuditRecord } from '../audit/record.ts'
import { redactText } from '../observe/redact.ts'
import { statusOf } from './approval.ts'
import type { ApprovalEvent } from './stored-approval.ts'

const MAX_DETAIL = 512

export function approvalFields(event: ApprovalEvent): AuditRecord {
  const { id, approval } = event.known
  const { facts } = approval
  return {
    phase: 'approval',
    approval: id,
    agent: approval.agent,
    task: approval.task?.id,
    service: facts.service,
    operation: facts.operation,
    actions: facts.actions,
    resources: facts.resources,
    count: facts.count,
    class: facts.class,
    classes: facts.classes,
    traits: facts.traits,
    ...whatOf(event),
    facts: { digest: approval.digest, status: statusOf(approval), approvers: approval.approvers },
  }
}

function whatOf(event: ApprovalEvent): Pick<AuditRecord, 'decision' | 'reason' | 'detail' | 'admin'> {
  const { why, voided } = event.known.approval
  if (event.kind === 'asked') return { decision: 'asked', detail: redactText(why.join(' '), MAX_DETAIL) }
  if (event.kind === 'voided') return { decision: 'void', detail: voided?.why }
  const { person, channel, approve, reason, uses, skipPace } = event.decision
  return {
    decision: approve ? 'approve' : 'deny',
    detail: reason === undefined ? undefined : redactText(reason, MAX_DETAIL),
    admin: {
      subject: person,
      by: channel,
      does: approve ? 'approves' : 'denies',
      body: approve ? { uses, skipPace } : undefined,
    },
  }
}
