/** Signed calls as the approve stage gets them, and approvals that replicas share. */
import { passedStages } from '../support/facts.ts'
import type { Approval } from '../../proxy/approvals/approval.ts'
import { Approvals, type ApprovalsDeps, type NewApproval } from '../../proxy/approvals/approvals.ts'
import type { ApprovalEvent } from '../../proxy/approvals/stored-approval.ts'
import { addressing } from '../../proxy/aws/endpoints/addressing.ts'
import { loadCatalogue } from '../../proxy/aws/catalogue/catalogue.ts'
import { NO_OPERATOR_RULES } from '../../proxy/aws/classify/operator-rules.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Decided, Paced } from '../../proxy/exchange/exchange.ts'
import { classify } from '../../proxy/stages/classify/classify.ts'
import type { Ledger } from '../../proxy/state/ledger.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import type { LedgerStore } from '../../proxy/state/store.ts'
import { NO_PRIVATE_SERVICES } from '../../proxy/aws/private/services.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { openLedger } from '../state/open-ledger.ts'
import { accept, received, signed, type Signing, type WireRequest } from '../sigv4/signing.ts'

export const ACCOUNT = '123456789012'

const stage = classify({
  catalogue: loadCatalogue(),
  accountOf: () => ACCOUNT,
  addressing: addressing({ hosts: ['moderato.test'] }),
  operatorRules: () => NO_OPERATOR_RULES,
  privateServices: NO_PRIVATE_SERVICES,
  inflatedBytes: () => 1 << 20,
})

/** A call whose policy wants `approvers` people. */
export async function decided(
  wire: Partial<WireRequest>,
  signing: Signing = {},
  approvers: 0 | 1 | 2 = 1,
): Promise<Decided> {
  const classified = await stage(await accept(received(signed(wire, signing))))
  const why = approvers === 0 ? [] : ['People must.']
  const decision = { engine: 'e', revision: 'r', rules: [], wouldDeny: undefined, approvals: approvers, why }
  return { ...passedStages(classified), decision }
}

/** A call in JSON 1.0 or 1.1; `target` is its `X-Amz-Target`. */
export function json(
  target: string,
  body: object | string,
  headers: readonly string[] = [],
): Partial<WireRequest> {
  return {
    headers: ['X-Amz-Target', target, 'Content-Type', 'application/x-amz-json-1.0', ...headers],
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  }
}

export function query(body: string, search = ''): Partial<WireRequest> {
  return {
    query: search,
    headers: ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8'],
    body: Buffer.from(body),
  }
}

export const DELETE_TABLE = json('DynamoDB_20120810.DeleteTable', { TableName: 'orders' })

export function paced(exchange: Decided, approval: Paced['approval']): Paced {
  return { ...exchange, approval, waitedMs: undefined, wouldThrottle: undefined }
}

export interface Scene {
  readonly time: VirtualTime
  readonly store: LedgerStore
  readonly ledger: Ledger
  readonly approvals: Approvals
  readonly events: ApprovalEvent[]
}

/** A replica; with another's store and time, one more of the same. */
export async function replica(
  deps: Partial<ApprovalsDeps> = {},
  { time = new VirtualTime(), store = new MemoryLedger() }: Partial<Scene> = {},
): Promise<Scene> {
  const ledger = await openLedger(time, { store, timer: time })
  const events: ApprovalEvent[] = []
  const approvals = new Approvals({
    ledger,
    clock: time,
    expireMs: 3_600_000,
    pendingPerAgent: 20,
    onEvent: (event) => events.push(event),
    ...deps,
  })
  return { time, store, ledger, approvals, events }
}

export const YES = {
  person: 'alice@example.org',
  channel: 'token',
  approve: true,
  uses: 1,
  skipPace: false,
} as const
export const NO = { ...YES, approve: false } as const

export const ASKED: NewApproval = {
  agent: 'agent-1',
  root: 'agent-1',
  digest: 'd1',
  approvers: 1,
  why: ['One person must.'],
  facts: {
    service: 'dynamodb',
    operation: 'DeleteTable',
    actions: ['dynamodb:DeleteTable'],
    resources: ['arn:aws:dynamodb:us-east-1:123456789012:table/orders'],
    resourceCount: 1,
    count: 1,
    class: 'destructive',
    classes: ['destructive'],
    traits: ['irreversible'],
    parameters: {},
    method: 'POST',
    host: 'moderato.test:8080',
    region: 'us-east-1',
  },
  dependsOn: [],
}

export function approvalOf(change: Partial<Approval> = {}): Approval {
  return { ...ASKED, askedAtMs: 0, decisions: [], used: 0, ...change }
}

export async function denialOf(run: () => unknown): Promise<Denial> {
  try {
    await run()
  } catch (error) {
    if (error instanceof Denial) return error
    throw error
  }
  throw new Error('nothing was denied')
}
