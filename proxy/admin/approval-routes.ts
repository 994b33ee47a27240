/** Serves approvals in the admin API. Only a POST by a person decides one (S18): reading one decides nothing. */
import { z } from 'zod'
import { objectionTo, statusOf } from '../approvals/approval.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { ApprovalError, type StoredApproval } from '../approvals/stored-approval.ts'
import { CallbackBody, callbackSigner, NONCE_MS, type CallbackPerson } from './approval-callback.ts'
import { Demand } from '../approvals/required-approvals.ts'
import { ShownApproval, shownApproval } from '../approvals/message.ts'
import type { Clock } from '../core/ports.ts'
import { AdminError, adminRoute, type AdminRoute } from './route.ts'
import type { Caller } from '../operators/callers.ts'
import { orStoreError } from './stored.ts'
import { markOf, unreadableList, unreadableMark, unreadableOf } from './unreadable.ts'

export interface ApprovalRoutesDeps {
  readonly approvals: Approvals
  readonly clock: Clock
  readonly maxUses: number
  /** Returns the people of the configuration in force. */
  readonly people: () => readonly CallbackPerson[]
  /** The secret of the callback; undefined if there is none. */
  readonly callbackSecret: string | undefined
}

export const ApprovalList = z.strictObject({
  approvals: z.array(ShownApproval),
  demands: z
    .array(Demand.extend({ unreadable: unreadableMark }))
    .describe('Agents of which people must approve every change.'),
  unreadable: unreadableList,
})
const LOOK_AGAIN = 'check whether this was done before you repeat it.'
const reason = z.string().max(1_000).optional().describe('A reason for the agent and for the audit log.')
const status = z.enum(['pending', 'approved', 'denied', 'used', 'void']).optional()

/** Returns the routes of approvals; the callback only if there is a secret for it. */
export function approvalRoutes(deps: ApprovalRoutesDeps): readonly AdminRoute[] {
  const { approvals } = deps
  return [
    adminRoute({
      method: 'GET',
      path: '/v1/approvals',
      needs: 'token',
      summary: 'Lists the approvals in force, the oldest first.',
      query: z.strictObject({ status }),
      answer: ApprovalList,
      handle: ({ query }) => ({
        approvals: approvals
          .all()
          .filter(({ approval }) => query.status === undefined || statusOf(approval) === query.status)
          .map(shownApproval),
        demands: approvals
          .demands()
          .map(({ isUnreadable, ...demand }) => ({ ...demand, ...markOf({ isUnreadable }) })),
        ...unreadableOf(approvals.unreadable()),
      }),
    }),
    adminRoute({
      method: 'GET',
      path: '/v1/approvals/{id}',
      needs: 'token',
      summary: 'Shows one approval with the facts of its call.',
      answer: ShownApproval,
      handle: ({ params }) => shownApproval(found(approvals, params.id)),
    }),
    ...decisionRoutes(deps),
    ...demandRoutes(approvals),
    ...callbackRoutes(deps),
  ]
}

function decisionRoutes({ approvals, maxUses }: ApprovalRoutesDeps): readonly AdminRoute[] {
  const uses = z.int().min(1).max(maxUses).default(1).describe('The number of calls, one after another.')
  return [
    adminRoute({
      method: 'POST',
      path: '/v1/approvals/{id}/approve',
      needs: 'person',
      summary: 'Approves the call, byte for byte.',
      body: z.strictObject({
        reason,
        uses,
        skipPace: z
          .boolean()
          .default(false)
          .describe('Let the call go at once, without a charge to the pace.'),
      }),
      answer: ShownApproval,
      check: ({ caller, params }) => checked(approvals, params.id, caller, true),
      handle: ({ caller, params, body }) => decided(approvals, params.id, caller, { ...body, approve: true }),
    }),
    adminRoute({
      method: 'POST',
      path: '/v1/approvals/{id}/deny',
      needs: 'person',
      summary: 'Denies the call; also revokes an approval that is not used yet.',
      body: z.strictObject({ reason }),
      answer: ShownApproval,
      check: ({ caller, params }) => checked(approvals, params.id, caller, false),
      handle: ({ caller, params, body }) =>
        decided(approvals, params.id, caller, { ...body, approve: false }),
    }),
  ]
}

function demandRoutes(approvals: Approvals): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'DELETE',
      path: '/v1/approvals/demands/{agent}',
      needs: 'person',
      summary: 'Ends the demand that people approve every change of an agent.',
      check({ params }) {
        if (approvals.demandOn(params.agent) === undefined)
          throw new AdminError(404, 'not_found', 'There is no demand for approvals of this agent.')
      },
      async handle({ params }) {
        await orStoreError(approvals.withdrawDemand(params.agent), LOOK_AGAIN)
      },
    }),
  ]
}

function callbackRoutes(deps: ApprovalRoutesDeps): readonly AdminRoute[] {
  const { approvals, clock, people, callbackSecret, maxUses } = deps
  if (callbackSecret === undefined) return []
  return [
    adminRoute({
      method: 'POST',
      path: '/v1/approvals/callback',
      needs: 'signature',
      signer: callbackSigner(callbackSecret, people, clock),
      summary: 'Passes on the decision of a person; signed with the secret of approvals.callback.',
      body: CallbackBody,
      answer: ShownApproval,
      async check({ caller, body: { id, digest, nonce, decision, uses } }) {
        if (!(await orStoreError(approvals.takeNonce(nonce, NONCE_MS), LOOK_AGAIN)))
          throw new AdminError(
            409,
            'replayed',
            'This nonce was used already: send a new signed message for each decision.',
          )
        if (found(approvals, id).approval.digest !== digest)
          throw new AdminError(409, 'other_call', 'The digest does not match the call of this approval.')
        if (uses > maxUses) throw new AdminError(400, 'invalid_body', `uses: at most ${maxUses}.`)
        checked(approvals, id, caller, decision === 'approve')
      },
      handle: ({ caller, body: { id, decision, reason, uses } }) =>
        decided(approvals, id, caller, { approve: decision === 'approve', reason, uses }),
    }),
  ]
}

function found(approvals: Approvals, id: string): StoredApproval {
  const known = approvals.get(id)
  if (known !== undefined) return known
  throw refusal(approvals.absent(id))
}

/** Throws the refusal of a decision, and whatever else failed as it is. */
function refused(error: unknown): never {
  throw error instanceof ApprovalError ? refusal(error) : error
}

function refusal({ error, message }: ApprovalError): AdminError {
  const status = { not_found: 404, own_agent: 403, same_person: 403 }[error] ?? 409
  return new AdminError(status, error, message)
}

/** Throws AdminError if the caller may not decide so. */
function checked(approvals: Approvals, id: string, caller: Caller, approve: boolean): void {
  const { approval } = found(approvals, id)
  const objection = objectionTo(approval, { person: caller.subject, approve })
  if (objection !== undefined) throw refusal(new ApprovalError(objection))
}

async function decided(
  approvals: Approvals,
  id: string,
  caller: Caller,
  {
    approve,
    reason,
    uses = 1,
    skipPace = false,
  }: {
    readonly approve: boolean
    readonly reason?: string | undefined
    readonly uses?: number
    readonly skipPace?: boolean
  },
): Promise<ShownApproval> {
  if (caller.kind !== 'person') throw new AdminError(403, 'person_required', 'Only a person can decide.')
  const { subject: person, by: channel } = caller
  const decision = { person, channel, approve, uses, skipPace, ...(reason === undefined ? {} : { reason }) }
  return shownApproval(await orStoreError(approvals.decide(id, decision).catch(refused), LOOK_AGAIN))
}
