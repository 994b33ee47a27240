/** The stage in virtual time, and decided calls for it. */
import type { ServerResponse } from 'node:http'
import { severest, type ActionClass } from '../../../proxy/core/action-class.ts'
import { Denial } from '../../../proxy/core/denial/denial.ts'
import type { Approved, Paced } from '../../../proxy/exchange/exchange.ts'
import type { Call } from '../../../proxy/core/call.ts'
import { HeaderFields } from '../../../proxy/core/http/headers.ts'
import { LocalLimiter } from '../../../proxy/pacing/limiter.ts'
import { pacesFrom, type PacedName, type Paces } from '../../../proxy/pacing/paces.ts'
import { PaceQueue } from '../../../proxy/pacing/queue.ts'
import { parseRate } from '../../../proxy/pacing/rates.ts'
import { rulesFrom, type RuleSetting } from '../../../proxy/pacing/rules.ts'
import { FirstSeen } from '../../../proxy/pacing/first-seen.ts'
import { pace } from '../../../proxy/stages/pace/pace.ts'
import { VirtualTime } from '../../../proxy/core/virtual-time.ts'

interface Scene {
  readonly paces?: Paces
  readonly rules?: readonly RuleSetting[]
  readonly dwellMs?: number
  readonly slowdownOf?: (agentId: string) => number
  readonly mode?: 'enforce' | 'observe'
  readonly recheck?: (exchange: Approved) => void
  readonly limits?: { heldPerAgent: number; held: number }
}

export function scene({
  paces = pacesFrom(),
  mode = 'enforce',
  recheck = () => {},
  limits,
  ...rest
}: Scene = {}) {
  const time = new VirtualTime(Date.UTC(2026, 10, 23, 12))
  const startMs = time.nowMs()
  const limiter = new LocalLimiter()
  const queue = new PaceQueue({
    limiter,
    clock: time,
    timer: time,
    limits: limits ?? { heldPerAgent: 100, held: 10_000 },
  })
  const waits: (readonly [ActionClass, number])[] = []
  const depths: (readonly [ActionClass, number])[] = []
  const stage = pace({
    queue,
    limiter,
    pacing: () => ({
      rules: rulesFrom(paces, rest.rules),
      weights: { unboundedCount: 10, cascadeWeight: 3 },
      dwellMs: rest.dwellMs ?? 0,
    }),
    slowdownOf: rest.slowdownOf ?? (() => 1),
    firstSeen: new FirstSeen(),
    clock: time,
    mode: () => mode,
    recheck,
    metrics: {
      waited: (label, seconds) => waits.push([label, seconds]),
      depth: (label, held) => depths.push([label, held]),
    },
  })
  /** What became of each call: `{ atMs, paced }` or `{ atMs, denial }`. */
  const run = async (exchange: Approved): Promise<{ atMs: number; paced?: Paced; denial?: Denial }> => {
    try {
      const paced = await stage(exchange)
      return { atMs: time.nowMs() - startMs, paced }
    } catch (error) {
      if (error instanceof Denial) return { atMs: time.nowMs() - startMs, denial: error }
      throw error
    }
  }
  return { time, limiter, queue, stage, run, waits, depths }
}

export interface Ask {
  readonly classes?: readonly ActionClass[]
  readonly count?: number
  readonly agent?: string
  readonly service?: string
  readonly region?: string
  readonly gone?: AbortSignal
  readonly root?: string
  readonly task?: string
  readonly ancestors?: readonly string[]
  readonly invocationId?: string
  readonly wouldDeny?: string
  readonly body?: string
  readonly call?: Partial<Call>
}

/** The bucket of a class's own pace. */
export const classKey = (name: PacedName, agent = 'agent'): string =>
  `class ${name}|agent ${agent.length}:${agent}`

/** A decided exchange with the facts that pace reads; nothing else of it is looked at. */
export function decided(ask: Ask = {}): Approved {
  const { classes = ['destructive'], count = 1, agent = 'agent', service = 'ec2', region = 'eu-west-1' } = ask
  const call: Call = {
    service,
    model: service,
    operation: 'DeleteThing',
    protocol: 'ec2',
    actions: [],
    resources: ['*'],
    count,
    class: severest(classes),
    classes,
    traits: [],
    unmodelled: [],
    facts: {},
    accessLevel: 'Write',
    hostPrefix: '',
    bucket: undefined,
    ...ask.call,
  }
  const facts = {
    headers: new HeaderFields(
      ask.invocationId === undefined ? [] : ['amz-sdk-invocation-id', ask.invocationId],
    ),
    method: 'POST',
    path: '/',
    query: '',
    payload: { kind: 'hashed', sha256: ask.body ?? '' },
    requestId: 'r',
    client: { address: '127.0.0.1', gone: ask.gone ?? new AbortController().signal },
    reply: {} as ServerResponse,
    agent: {
      id: agent,
      root: ask.root ?? agent,
      accessKeyId: 'AKID',
      session:
        ask.task === undefined ? undefined : { task: { id: ask.task, ancestors: ask.ancestors ?? [] } },
    },
    authorization: {
      accessKeyId: 'AKID',
      presigned: undefined,
      scope: { date: '20261123', region, service },
      signedHeaders: [],
      signature: '',
    },
    call,
    decision: { wouldDeny: ask.wouldDeny },
  }
  return facts as unknown as Approved
}

export const rule = (name: string, rest: Partial<RuleSetting> = {}): RuleSetting => ({
  name,
  classes: ['destructive'],
  per: ['fleet'],
  rate: parseRate('60/h'),
  burst: 3,
  maxWait: 0,
  mode: 'enforce',
  ...rest,
})
