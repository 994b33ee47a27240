/**
 * What one call costs in each stage: the stages' own factories over the real catalogue and policy, no sockets.
 *
 * A stage alone in a loop has the processor's caches and predictors to itself. One call after another through all
 * stages costs more than their sum, and is what a proxy pays: it is measured too, with the verdict remembered. HMAC
 * alone tells how fast the machine is just now.
 */
import { createHash, createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { loadPolicy } from '../../policy/bundle.ts'
import { agentStore, staticOwners } from '../../proxy/agent-store.ts'
import { Approvals } from '../../proxy/approvals/approvals.ts'
import { UnderWay } from '../../proxy/approvals/under-way.ts'
import { addressing } from '../../proxy/aws/addressing.ts'
import { loadCatalogue } from '../../proxy/aws/catalogue/catalogue.ts'
import { NO_OPERATOR_RULES } from '../../proxy/aws/operator-rules.ts'
import { NO_PRIVATE_SERVICES } from '../../proxy/aws/private-services.ts'
import { callOf, identifyWith } from '../../proxy/aws/read-call.ts'
import type { Approved, Classified, Paced, Received } from '../../proxy/exchange.ts'
import { HeaderFields } from '../../proxy/headers.ts'
import { LocalLimiter } from '../../proxy/pacing/limiter.ts'
import { pacesFrom } from '../../proxy/pacing/paces.ts'
import { Buckets } from '../../proxy/pacing/buckets.ts'
import { rulesFrom } from '../../proxy/pacing/rules.ts'
import { Sights } from '../../proxy/pacing/sights.ts'
import { PaceQueue } from '../../proxy/pacing/queue.ts'
import { Signatures } from '../../proxy/sigv4/signatures.ts'
import { approve } from '../../proxy/stages/approve.ts'
import { classify } from '../../proxy/stages/classify.ts'
import { decide } from '../../proxy/stages/decide.ts'
import { identify } from '../../proxy/stages/identify.ts'
import { pace } from '../../proxy/stages/pace.ts'
import { checkHead } from '../../proxy/stages/receive.ts'
import { resign } from '../../proxy/stages/resign.ts'
import { spend } from '../../proxy/stages/spend.ts'
import { verify } from '../../proxy/stages/verify.ts'
import { Ledger } from '../../proxy/state/ledger.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import { sampleCalls } from './sample-calls.ts'
import {
  AGENT,
  READ,
  REGION,
  signer,
  unsignedRequest,
  WRITE,
  type Kind,
  type SignedRequest,
} from './signed-requests.ts'

export interface MicroResult {
  readonly name: string
  /** Of CPU, user and system, for one call: the best of several batches. Where the name says p50, the median call. */
  readonly microseconds: number
}

const BATCHES = 5
const HOST = '127.0.0.1:8080'
const GRANTS = [
  {
    classes: ['read' as const, 'list' as const, 'write' as const],
    resources: ['arn:aws:dynamodb:*:*:table/*'],
  },
]
const clock = { nowMs: () => Date.now() }
const noSessions = {
  open(): never {
    throw new Error('the bench has no sessions')
  },
}
const OWNERS = staticOwners([{ id: 'bench', ...AGENT, grants: GRANTS }])
const agents = agentStore(() => OWNERS, noSessions)

async function measure(name: string, calls: number, call: () => unknown): Promise<MicroResult> {
  let best = Infinity
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const before = process.cpuUsage()
    for (let index = 0; index < calls; index += 1) {
      const result = call()
      if (result instanceof Promise) await result
    }
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / calls)
  }
  return { name, microseconds: best }
}

/** The median of single calls, after as many that warm up. */
async function measureMedian(
  name: string,
  calls: number,
  call: () => Promise<unknown>,
): Promise<MicroResult> {
  const tookMs = new Float64Array(calls)
  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < calls; index += 1) {
      const startedMs = performance.now()
      await call()
      tookMs[index] = performance.now() - startedMs
    }
  }
  return { name: `${name}, p50`, microseconds: (tookMs.sort()[Math.floor(calls / 2)] ?? NaN) * 1000 }
}

async function received(kind: Kind): Promise<Received> {
  const { method, path, headers, body } = (await signer.sign(unsignedRequest(kind, HOST, 1))) as SignedRequest
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
      bytes: () => Promise.resolve(bytes),
      stream: () => Readable.from([bytes]),
    },
    client: { address: '127.0.0.1', gone: new AbortController().signal },
    reply: {} as ServerResponse,
  }
}

async function approvalParts() {
  const timer = { after: () => () => undefined }
  const ledger = await Ledger.open({
    store: new MemoryLedger(),
    key: Buffer.alloc(32),
    clock,
    timer,
    pollMs: 250,
    staleMs: 5_000,
    onUnsound: () => undefined,
  })
  const approvals = new Approvals({
    ledger,
    clock,
    expireMs: 3_600_000,
    pendingPerAgent: 20,
    onEvent: () => undefined,
  })
  return { approvals, underWay: new UnderWay(approvals), accountId: undefined }
}

/** The stages as `compose.ts` makes them, where they have no socket to do with. */
async function stages() {
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
      accountId: undefined,
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
    spend: spend(await approvalParts()),
    pace: pace({
      queue,
      limiter,
      pacing: () => pacing,
      slowdownOf: () => 1,
      sights: new Sights(),
      buckets: new Buckets(),
      accountId: undefined,
      clock,
      mode: 'enforce',
      recheck: () => undefined,
      metrics: { waited: () => undefined, depth: () => undefined },
    }),
    resign: resign({ credentials: { current: () => AGENT }, endpoint: () => endpoint, clock }),
  }
}

async function measureStages(kind: Kind, calls: number): Promise<MicroResult[]> {
  const way = await stages()
  const start = await received(kind)
  const identified = way.identify(start)
  const verified = await way.verify(identified)
  const classified = await way.classify(verified)
  const decided = way.decide(classified)
  const approved: Approved = await way.approve(decided)
  const paced: Paced = await way.pace(approved)
  const of = (name: string): string => `${name} (${kind.operation})`
  return [
    await measure(of('header fields'), calls, () => new HeaderFields(start.headers.raw)),
    await measure(of('check head'), calls, () => way.checkHead(start)),
    await measure(of('identify'), calls, () => way.identify(start)),
    await measure(of('verify'), calls, () => way.verify(identified)),
    await measure(of('classify'), calls, () => way.classify(verified)),
    await measure(of('decide, verdict remembered'), calls, () => way.decide(classified)),
    await measure(of('decide, resource new'), calls, () => way.decide(withNewResource(classified))),
    await measure(of('approve, nobody needs to'), calls, () => way.approve(decided)),
    await measure(of('pace'), calls, () => way.pace(approved)),
    await measure(of('spend, of no approval'), calls, () => way.spend(paced)),
    await measure(of('sign'), calls, () => way.resign(paced)),
    await measure(of('all of these, one after another'), calls, async () => {
      const head = way.checkHead({ ...start, headers: new HeaderFields(start.headers.raw) })
      const known = way.decide(await way.classify(await way.verify(way.identify(head))))
      await way.resign(await way.spend(await way.pace(await way.approve(known))))
    }),
  ]
}

const IN_AWS = { partition: 'aws', region: REGION, accountId: '111122223333' }

/** What a call is and does, from its head and body alone. */
async function measureCatalogue(calls: number): Promise<MicroResult[]> {
  const catalogue = loadCatalogue()
  const results: MicroResult[] = []
  for (const { name, scope, head, body } of sampleCalls()) {
    const bytes = Buffer.from(body)
    const given = Promise.resolve(bytes)
    const call = async () => {
      const found = await identifyWith(catalogue, head, scope, () => given)
      if (found.kind === 'unknown') throw new Error(found.reason)
      return callOf(found, head, bytes, IN_AWS)
    }
    const times = bytes.length > 10_000 ? Math.ceil(calls / 20) : calls
    results.push(await measureMedian(`identify and classify: ${name}`, times, call))
  }
  return results
}

let resources = 0

/** The call, on a table that no call before it named. */
function withNewResource(classified: Classified): Classified {
  resources += 1
  const resource = `arn:aws:dynamodb:${REGION}:*:table/new-${resources}`
  return { ...classified, call: { ...classified.call, resources: [resource] } }
}

/** The library's signer beside ours: a whole request, and a string with a key that it has cached. */
async function measureLibrary(calls: number): Promise<MicroResult[]> {
  const request = unsignedRequest(READ, HOST, 1)
  const text = `AWS4-HMAC-SHA256\n20261123T100000Z\n20261123/${REGION}/dynamodb/aws4_request\n${createHash('sha256').update('').digest('hex')}`
  const key = Buffer.alloc(32, 7)
  return [
    await measure('HMAC-SHA256 by node:crypto', calls, () =>
      createHmac('sha256', key).update(text).digest('hex'),
    ),
    await measure('@smithy/signature-v4 sign (whole request)', calls, () => signer.sign(request)),
    await measure('@smithy/signature-v4 sign (string)', calls, () => signer.sign(text)),
  ]
}

const calls = Number(process.argv[2] ?? 20_000)
const results = [
  ...(await measureStages(READ, calls)),
  ...(await measureStages(WRITE, calls)),
  ...(await measureCatalogue(calls)),
  ...(await measureLibrary(Math.ceil(calls / 4))),
]
process.stdout.write(`${JSON.stringify(results)}\n`)
