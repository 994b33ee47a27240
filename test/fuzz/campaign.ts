/** Many mutated requests into the whole proxy, and what must hold of each that came out on the other side. */
import { BUILDER } from '../support/agents.ts'
import type { Recorded } from '../support/recording-upstream.ts'
import { FuzzConnection, type Reply } from './connection.ts'
import { isHead, readRequests, toBytes, valuesOf, type Draft, type HttpRequest } from './http-message.ts'
import { BYTE_MUTATIONS, DRAFT_MUTATIONS } from './mutations.ts'
import { randomOf, type Random } from './random.ts'
import { referenceVerdict, type Accepted, type ReferenceOptions } from './reference-verifier.ts'
import { signDraft } from './signer.ts'
import { TEMPLATES, type Template } from './templates.ts'
import { withHarmlessFields, withUnsignedFields } from './unsigned-fields.ts'

export interface Sent {
  readonly id: number
  /** The mutations, by name and when they were made. */
  readonly how: string
  readonly bytes: Buffer
}

export interface Finding {
  readonly what: string
  readonly how: string
  /** The request as it was sent, base64. */
  readonly request: string
}

export interface CampaignOptions {
  readonly url: string
  readonly upstream: { recorded: Recorded[] }
  readonly upstreamKey: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly seed: number
  readonly count: number
  readonly connections: number
  /** Ends the campaign sooner; no end by time if undefined. */
  readonly mostMs?: number | undefined
  readonly onProgress?: (sent: number) => void
}

export interface CampaignResult {
  readonly sent: number
  readonly forwarded: number
  /** Answers by status, `closed` and `hang` among them. */
  readonly answers: Readonly<Record<string, number>>
  /** How many of each mutation, and how many of them came through. */
  readonly mutations: Readonly<Record<string, { sent: number; forwarded: number }>>
  readonly findings: readonly Finding[]
}

const MAX_FINDINGS = 50

export class Campaign {
  readonly #options: CampaignOptions
  readonly #random: Random
  readonly #host: string
  readonly #reference: ReferenceOptions
  readonly #upstreamReference: ReferenceOptions
  readonly #underWay = new Map<number, Sent>()
  readonly #answers = new Map<string, number>()
  readonly #mutations = new Map<string, { sent: number; forwarded: number }>()
  readonly #changesForwarded = new Set<string>()
  readonly #findings: Finding[] = []
  readonly #endMs: number
  #sent = 0
  #forwarded = 0

  constructor(options: CampaignOptions) {
    this.#options = options
    this.#random = randomOf(options.seed)
    this.#endMs = performance.now() + (options.mostMs ?? Infinity)
    this.#host = new URL(options.url).host
    const { accessKeyId, secretAccessKey } = options.upstreamKey
    const nowMs = Date.now()
    this.#reference = { nowMs, secrets: new Map([[BUILDER.accessKeyId, BUILDER.secretAccessKey]]) }
    this.#upstreamReference = { nowMs, secrets: new Map([[accessKeyId, secretAccessKey]]) }
  }

  async run(): Promise<CampaignResult> {
    const { connections, url } = this.#options
    const port = Number(new URL(url).port)
    await Promise.all(Array.from({ length: connections }, () => this.#work(new FuzzConnection(port))))
    this.#judgeArrived()
    return {
      sent: this.#sent,
      forwarded: this.#forwarded,
      answers: Object.fromEntries(this.#answers),
      mutations: Object.fromEntries(this.#mutations),
      findings: this.#findings,
    }
  }

  async #work(connection: FuzzConnection): Promise<void> {
    const goesOn = () => this.#sent < this.#options.count && performance.now() < this.#endMs
    while (goesOn() && this.#findings.length < MAX_FINDINGS) {
      const sent = this.#next()
      this.#underWay.set(sent.id, sent)
      const requests = readRequests(sent.bytes)
      const [only] = requests
      const whole = requests.length === 1 && only !== undefined && toEnd(only, sent.bytes)
      const reply = await connection.send(sent.bytes, isHead(sent.bytes), whole)
      this.#note(sent, reply)
      this.#judgeArrived()
      // Later than its answer nothing of it arrives: of a refused one nothing does at all.
      if (this.#underWay.size > 10_000) this.#underWay.delete(this.#underWay.keys().next().value ?? 0)
    }
    connection.close()
  }

  #next(): Sent {
    const random = this.#random
    const id = ++this.#sent
    if (id % 10_000 === 0) this.#options.onProgress?.(id)
    const template = random.pick(TEMPLATES)
    const how: string[] = []
    const mutate = (draft: Draft, when: string): Draft => {
      const name = random.pick(Object.keys(DRAFT_MUTATIONS))
      how.push(`${name}, ${when}`)
      return DRAFT_MUTATIONS[name]?.(draft, random) ?? draft
    }
    let unsigned: Template = {
      ...template,
      headers: [['User-Agent', `fuzz/${id}`], ['amz-sdk-invocation-id', String(id)], ...template.headers],
    }
    const kind = random.below(10)
    if (kind < 4) unsigned = { ...unsigned, ...mutate(unsigned, 'then signed') }
    let draft = signDraft(unsigned, BUILDER, { host: this.#host, nowMs: Date.now() })
    if (kind >= 3 && kind < 7) draft = mutate(draft, 'after signing')
    let bytes = toBytes(draft)
    if (kind >= 7 && kind < 9) {
      const name = random.pick(Object.keys(BYTE_MUTATIONS))
      how.push(name)
      bytes = BYTE_MUTATIONS[name]?.(bytes, random) ?? bytes
    }
    const isWhole = kind < 7 || kind === 9
    if (isWhole && random.onceIn(4)) {
      const harmless = how.length === 0 && random.onceIn(2)
      how.push(harmless ? 'harmless fields, not signed' : 'fields of every kind, not signed')
      draft = harmless ? withHarmlessFields(draft, random) : withUnsignedFields(draft, random)
      bytes = toBytes(draft)
    }
    if (how.length === 0) how.push('as it was')
    for (const each of how) this.#countOf(each).sent += 1
    return { id, how: how.join(' + '), bytes }
  }

  #countOf(mutation: string): { sent: number; forwarded: number } {
    let counts = this.#mutations.get(mutation)
    if (counts === undefined) this.#mutations.set(mutation, (counts = { sent: 0, forwarded: 0 }))
    return counts
  }

  #note(sent: Sent, reply: Reply): void {
    const key = reply.kind === 'answer' ? String(reply.status) : reply.kind
    this.#answers.set(key, (this.#answers.get(key) ?? 0) + 1)
    if (reply.kind === 'hang') this.#found('no answer and no end', sent)
    if (reply.kind === 'answer' && reply.status === 500) this.#found('answered 500: a bug', sent)
    // A mutated id may have made another request its equal.
    const served = reply.kind === 'answer' && (reply.status === 200 || reply.text.includes('reason replayed'))
    if (/^(as it was|harmless fields, not signed)$/.test(sent.how) && !served) {
      this.#found(`refused though nothing was changed: ${reply.text.slice(0, 1000)}`, sent)
    }
    const { accessKeyId, secretAccessKey } = this.#options.upstreamKey
    for (const secret of [BUILDER.secretAccessKey, secretAccessKey, accessKeyId]) {
      if (reply.text.includes(secret)) this.#found('a secret stands in the answer', sent)
    }
  }

  #judgeArrived(): void {
    const arrived = this.#options.upstream.recorded.splice(0)
    for (const recorded of arrived) {
      this.#forwarded += 1
      const [sent, ...others] = this.#markedBy(recorded)
      // The marks may have been mutated into those of another.
      const candidates = [...(sent === undefined ? [] : [sent]), ...others, ...this.#underWay.values()]
      const match = candidates.find((each) => this.#corresponds(each, recorded))
      const blamed = match ?? sent ?? candidates.at(-1)
      if (blamed === undefined) throw new Error('something arrived before anything was sent')
      for (const each of blamed.how.split(' + ')) this.#countOf(each).forwarded += 1
      if (match === undefined)
        this.#found(`forwarded, but no accepted request: ${JSON.stringify(recorded)}`, blamed)
      this.#judgeOutgoing(recorded, blamed)
    }
  }

  /** What was sent under the ids in the marks of a request: one may be mutated, seldom both. */
  #markedBy({ headers }: Recorded): Sent[] {
    const marks = `${headers['user-agent']?.toString()} ${headers['amz-sdk-invocation-id']?.toString()}`
    return [...marks.matchAll(/\d+/g)].flatMap(([id]) => this.#underWay.get(Number(id)) ?? [])
  }

  /** Whether the reference accepts one of the requests in what was sent, and what arrived is that one. */
  #corresponds(sent: Sent, recorded: Recorded): boolean {
    return readRequests(sent.bytes).some((request) => {
      const verdict = referenceVerdict(request, { ...this.#reference, nowMs: Date.now() })
      return verdict.accepted && isSame(request, verdict, recorded)
    })
  }

  /** What leaves is signed by the upstream's key, has nothing of the agent's, and changes nothing twice. */
  #judgeOutgoing(recorded: Recorded, sent: Sent): void {
    const request = asRequest(recorded)
    const verdict = referenceVerdict(request, { ...this.#upstreamReference, nowMs: Date.now() })
    if (!verdict.accepted)
      this.#found(`the upstream would refuse it (${verdict.why}): ${JSON.stringify(recorded)}`, sent)
    const text = toBytes(request).toString('latin1')
    for (const secret of [BUILDER.accessKeyId, BUILDER.secretAccessKey]) {
      if (text.includes(secret)) this.#found('something of the agent left', sent)
    }
    const marked = String(recorded.headers['user-agent']) === `fuzz/${sent.id}`
    if (!marked || (recorded.method !== 'PUT' && recorded.method !== 'DELETE')) return
    const [own] = readRequests(sent.bytes)
    if (own === undefined) return
    const [, signature = ''] = /Signature=([0-9a-f]+)/.exec(sent.bytes.toString('latin1')) ?? []
    const key = `${signature} ${valuesOf(request, 'amz-sdk-invocation-id').join()}`
    if (this.#changesForwarded.has(key)) this.#found('forwarded twice', sent)
    if (this.#changesForwarded.size > 200_000) this.#changesForwarded.clear()
    this.#changesForwarded.add(key)
  }

  #found(what: string, { how, bytes }: Sent): void {
    this.#findings.push({ what, how, request: bytes.toString('base64') })
  }
}

function toEnd(request: HttpRequest, bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n') + 4
  return valuesOf(request, 'transfer-encoding').length > 0 || end + request.body.length === bytes.length
}

function asRequest({ method, target, headers, body }: Recorded): HttpRequest {
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => [name, each] as const),
  )
  return { method, target, headers: fields, body }
}

const AUTHENTICATION =
  /^X-Amz-(Algorithm|Credential|Date|Expires|Region-Set|Security-Token|Signature|SignedHeaders)=/

function withoutAuthentication(target: string): string {
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  return `${path}?${query
    .split('&')
    .filter((pair) => !AUTHENTICATION.test(decodeURIComponent(pair)))
    .join('&')}`
}

/** Set anew, or of one hop: they say nothing of the call. */
const NOT_PASSED_ON = new Set(
  'host x-amz-date date content-length x-amz-region-set expect connection keep-alive proxy-authorization te authorization transfer-encoding'.split(
    ' ',
  ),
)

/** A plus sign in a query means a space, and may be written as one. */
function withSpaces(target: string): string {
  const [path = '', query] = target.split(/\?(.*)/s)
  return query === undefined ? path : `${path}?${query.replaceAll('+', '%20')}`
}

/** The agent's own signed fields, equal but for what is signed anew; no unsigned ones but the free; the same data. */
function isSame(
  request: HttpRequest,
  { signedHeaders, free, data, presigned }: Accepted,
  recorded: Recorded,
): boolean {
  if (request.method !== recorded.method) return false
  const bare = presigned ? withoutAuthentication : (target: string) => target.replace(/\?$/, '')
  if (bare(withSpaces(request.target)) !== bare(recorded.target)) return false
  const arrived = asRequest(recorded)
  for (const name of signedHeaders) {
    if (NOT_PASSED_ON.has(name)) continue
    const want = valuesOf(request, name).join(',').trim()
    if (valuesOf(arrived, name).join(',').trim() !== want) return false
  }
  for (const [name] of arrived.headers) {
    if (NOT_PASSED_ON.has(name) || signedHeaders.includes(name)) continue
    if (!free.includes(name)) return false
    // Node, which reads for the upstream here, drops or joins repeated fields.
    const values = valuesOf(request, name)
    if (values.length === 1 && valuesOf(arrived, name).join() !== values.join()) return false
  }
  const [payload = ''] = valuesOf(request, 'x-amz-content-sha256')
  // Chunks are signed anew: the upstream's own reading, with its own key, compares their data.
  return payload.includes('-PAYLOAD') && payload.startsWith('STREAMING-AWS4')
    ? recorded.body.length === request.body.length && contains(recorded.body, data)
    : recorded.body.equals(request.body)
}

/** Whether the pieces of the data stand in the framed body in their order; each is a chunk of the campaign's signer. */
function contains(framed: Buffer, data: Buffer): boolean {
  const [first, second] = [data.subarray(0, 17), data.subarray(17)]
  const at = framed.indexOf(first)
  return at >= 0 && framed.indexOf(second, at + first.length) >= 0
}
