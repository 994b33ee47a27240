/** Approvals in the admin API. They are decided by POST only, by a person (S18): reading one decides nothing. */
import { z } from 'zod'
import { statusOf } from '../approvals/approval.ts'
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
  /** As the configuration in force names them. */
  readonly people: () => readonly CallbackPerson[]
  /** Undefined: nobody passes decisions on. */
  readonly callbackSecret: string | undefined
}

export const ApprovalList = z.strictObject({
  approvals: z.array(ShownApproval),
  demands: z
    .array(Demand.extend({ unreadable: unreadableMark }))
    .describe('Agents whose every change people must approve.'),
  unreadable: unreadableList,
})
const LOOK_AGAIN = 'look again before you repeat this.'
const reason = z.string().max(1_000).optional().describe('For the agent and for the record.')
const status = z.enum(['pending', 'approved', 'denied', 'used', 'void']).optional()

export function approvalRoutes(deps: ApprovalRoutesDeps): readonly AdminRoute[] {
  const { approvals, maxUses } = deps
  const uses = z.int().min(1).max(maxUses).default(1).describe('For how many calls, one after another.')
  return [
    adminRoute({
      method: 'GET',
      path: '/v1/approvals',
      needs: 'token',
      summary: 'Approvals in force, the oldest first.',
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
      summary: 'One approval, with the facts of its call.',
      answer: ShownApproval,
      handle: ({ params }) => shownApproval(found(approvals, params.id)),
    }),
    adminRoute({
      method: 'POST',
      path: '/v1/approvals/{id}/approve',
      needs: 'person',
      summary: 'Approve the call, byte for byte.',
      body: z.strictObject({
        reason,
        uses,
        skipPace: z.boolean().default(false).describe('Let it go without its pace, uncharged.'),
      }),
      answer: ShownApproval,
      handle: ({ caller, params, body }) => decided(approvals, params.id, caller, { ...body, approve: true }),
    }),
    adminRoute({
      method: 'POST',
      path: '/v1/approvals/{id}/deny',
      needs: 'person',
      summary: 'Deny the call; an approval that is not used yet is taken back by this.',
      body: z.strictObject({ reason }),
      answer: ShownApproval,
      handle: ({ caller, params, body }) =>
        decided(approvals, params.id, caller, { ...body, approve: false }),
    }),
    ...demandRoutes(approvals),
    ...callbackRoutes(deps),
  ]
}

function demandRoutes(approvals: Approvals): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'DELETE',
      path: '/v1/approvals/demands/{agent}',
      needs: 'person',
      summary: 'No longer want every change of an agent approved.',
      async handle({ params }) {
        if (approvals.demandOn(params.agent) === undefined)
          throw new AdminError(404, 'not_found', 'Nobody demands approvals of this agent.')
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
      summary: 'Pass on what a person decided elsewhere; signed with the secret of approvals.callback.',
      body: CallbackBody,
      answer: ShownApproval,
      async handle({ caller, body: { id, digest, nonce, decision, reason, uses } }) {
        if (!(await orStoreError(approvals.takeNonce(nonce, NONCE_MS), LOOK_AGAIN)))
          throw new AdminError(
            409,
            'replayed',
            'This nonce was taken already: sign a message of its own for each decision.',
          )
        if (found(approvals, id).approval.digest !== digest)
          throw new AdminError(409, 'other_call', 'The approval is of a call with another digest.')
        if (uses > maxUses) throw new AdminError(400, 'invalid_body', `uses: at most ${maxUses}.`)
        return decided(approvals, id, caller, { approve: decision === 'approve', reason, uses })
      },
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
  if (caller.kind !== 'person') throw new AdminError(403, 'person_required', 'Only a person decides.')
  const { subject: person, by: channel } = caller
  const decision = { person, channel, approve, uses, skipPace, ...(reason === undefined ? {} : { reason }) }
  return shownApproval(await orStoreError(approvals.decide(id, decision).catch(refused), LOOK_AGAIN))
}
