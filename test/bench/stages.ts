/** A call's stages as `compose.ts` makes them, over the real catalogue and policy, where they have no socket to do with. */
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { SignatureV4 } from '@smithy/signature-v4'
import { loadPolicy } from '../../policy/bundle.ts'
import { agentStore, staticOwners } from '../../proxy/identity/agent-store.ts'
import { Approvals } from '../../proxy/approvals/approvals.ts'
import { InFlightChanges } from '../../proxy/approvals/in-flight-changes.ts'
import { addressing } from '../../proxy/aws/endpoints/addressing.ts'
import { loadCatalogue } from '../../proxy/aws/catalogue/catalogue.ts'
import { NO_OPERATOR_RULES } from '../../proxy/aws/classify/operator-rules.ts'
import { NO_PRIVATE_SERVICES } from '../../proxy/aws/private/services.ts'
import type { Received } from '../../proxy/exchange/exchange.ts'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import { LocalLimiter } from '../../proxy/pacing/limiter.ts'
import { pacesFrom } from '../../proxy/pacing/paces.ts'
import { PaceQueue } from '../../proxy/pacing/queue.ts'
import { rulesFrom } from '../../proxy/pacing/rules.ts'
import { FirstSeen } from '../../proxy/pacing/first-seen.ts'
import type { AgentStore } from '../../proxy/core/ports.ts'
import { Signatures } from '../../proxy/sigv4/signatures.ts'
import { approve } from '../../proxy/stages/approve.ts'
import { classify } from '../../proxy/stages/classify/classify.ts'
import { decide } from '../../proxy/stages/decide.ts'
import { identify } from '../../proxy/stages/identify.ts'
import { pace } from '../../proxy/stages/pace/pace.ts'
import { checkHead } from '../../proxy/stages/check-head.ts'
import { attachCredentials } from '../../proxy/stages/attach-credentials.ts'
import { resign } from '../../proxy/stages/resign/resign.ts'
import { consumeApproval } from '../../proxy/stages/consume-approval.ts'
import { verify } from '../../proxy/stages/verify/verify.ts'
import { plainLedger } from '../support/plain-ledger.ts'
import { AGENT, REGION, unsignedRequest, type Kind, type SignedRequest } from './signed-requests.ts'

export const HOST = '127.0.0.1:8080'
export const GRANTS = [
  {
    classes: ['read' as const, 'list' as const, 'write' as const],
    resources: ['arn:aws:dynamodb:*:*:table/*'],
  },
]
export const clock = { nowMs: () => Date.now() }
const noSessions = {
  open(): never {
    throw new Error('the bench has no sessions')
  },
}
const OWNERS = staticOwners([{ id: 'bench', ...AGENT, grants: GRANTS }])
export const agents = agentStore(() => OWNERS, noSessions)

export async function signedBy(by: SignatureV4, kind: Kind, number = 1): Promise<SignedRequest> {
  return (await by.sign(unsignedRequest(kind, HOST, number))) as SignedRequest
}

/** As `receive` makes it of a request on the wire. */
export function received({ method, path, headers, body }: SignedRequest): Received {
  const bytes = Buffer.from(body)
  return {
    requestId: 'request-1',
    httpVersion: '1.1',
    receivedAtMs: Date.now(),
    method,
    path,
    query: '',
    headers: new HeaderFields(Object.entries(headers).flat()),
    body: {
      present: true,
      lengthBytes: bytes.length,
      isPending: false,
      discard: () => undefined,
      abandon: () => undefined,
      bytes: () => Promise.resolve(bytes),
      stream: () => Readable.from([bytes]),
    },
    client: { address: '127.0.0.1', gone: new AbortController().signal },
    reply: {} as ServerResponse,
  }
}

async function approvalParts() {
  const ledger = await plainLedger(clock)
  const approvals = new Approvals({
    ledger,
    clock,
    expireMs: 3_600_000,
    pendingPerAgent: 20,
    onEvent: () => undefined,
  })
  return { approvals, inFlight: new InFlightChanges(approvals) }
}

/** The stages as `compose.ts` makes them, where they have no socket to do with. */
export async function stages(agents: AgentStore) {
  const policy = await loadPolicy({ data: { agents: { bench: { grants: GRANTS } } } })
  const limiter = new LocalLimiter()
  const timer = { after: () => () => undefined }
  const limits = { held: 1000, heldPerAgent: 100 }
  const queue = new PaceQueue({ limiter, clock, timer, limits })
  const fast = { rate: { things: 100_000_000, perMs: 1000 }, burst: 100_000_000, maxWait: 0 }
  const pacing = {
    rules: rulesFrom(pacesFrom({ write: fast, 'may-overwrite': fast })),
    weights: { unboundedCount: 10, cascadeWeight: 1 },
    dwellMs: 0,
  }
  const origin = 'https://dynamodb.us-east-1.amazonaws.com'
  const endpoint = {
    origin,
    host: origin.slice(8),
    signingName: 'dynamodb',
    signingRegion: REGION,
    path: '/',
  }
  return {
    checkHead: checkHead(),
    identify: identify({ agents }),
    verify: verify({
      agents,
      clockSkew: { maxSkewMs: 300_000, maxSkewS3Ms: 900_000 },
      signatures: new Signatures(),
    }),
    classify: classify({
      catalogue: loadCatalogue(),
      accountOf: () => undefined,
      addressing: addressing({ hosts: [] }),
      operatorRules: () => NO_OPERATOR_RULES,
      privateServices: NO_PRIVATE_SERVICES,
      inflatedBytes: () => 10_000_000,
    }),
    decide: decide({
      policy: () => policy,
      mode: () => 'enforce',
      allowUnmodelled: () => new Set<string>(),
      clock,
    }),
    approve: approve({
      ...(await approvalParts()),
      ownerOf: () => undefined,
      place: () => '',
      clock,
      hold: undefined,
    }),
    consumeApproval: consumeApproval(await approvalParts()),
    pace: pace({
      queue,
      limiter,
      pacing: () => pacing,
      slowdownOf: () => 1,
      firstSeen: new FirstSeen(),
      clock,
      mode: () => 'enforce',
      recheck: () => undefined,
      metrics: { waited: () => undefined, depth: () => undefined },
    }),
    attachCredentials: attachCredentials({
      signers: { of: () => ({ credentials: AGENT, as: 'plain' }) },
      recheck: () => undefined,
    }),
    resign: resign({ endpoint: () => endpoint, clock }),
  }
}
