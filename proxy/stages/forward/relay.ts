/** Relays one upstream answer to the client, as a dispatch handler of undici. */
import type { Dispatcher } from 'undici'
import { Denial } from '../../core/denial/denial.ts'
import { mapMaybePromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { ClientSignal } from '../../core/http/client-signal.ts'
import type { Reply } from '../../core/http/message.ts'
import type { Resigned } from '../../exchange/exchange.ts'
import type { UpstreamAnswer } from '../../exchange/upstream.ts'
import { firstOf, relayedFields, relayedReason } from './answer-fields.ts'
import { errorCodesIn, type AnswerHeaders } from './error-codes.ts'
import { HeldAnswer } from './held-answer.ts'
import { countPassed } from './stream-memory.ts'
import type { UpstreamFailure } from './upstream-failure.ts'

type Controller = Dispatcher.DispatchController

/** Describes an error that the service answered with, before the client has it. */
export interface AnsweredError {
  readonly status: number
  readonly codes: readonly string[]
}

/** Receives the end of a relayed answer. */
export interface RelayEvents {
  /** Called with each error before its end goes to the client, which waits meanwhile. Must not fail. */
  answered(error: AnsweredError): MaybePromise<void>
  done(answer: UpstreamAnswer): void
  /** No answer, or not a whole one. */
  failed(failure: UpstreamFailure): void
  /** A bug of ours. */
  broke(error: unknown): void
}

/** Relays the answer of one call; calls `done`, `failed` or `broke` once. */
export class UpstreamRelay implements Dispatcher.DispatchHandler {
  readonly #exchange: Resigned
  readonly #reply: Reply
  readonly #gone: ClientSignal
  readonly #ownFields: readonly string[]
  readonly #events: RelayEvents
  readonly #startedMs = performance.now()
  #head: { status: number; reason: string | undefined; fields: string[]; headers: AnswerHeaders } = NONE
  #held = new HeldAnswer('none')
  #codes: readonly string[] = []
  #wasSent = false
  #wasAnswered = false
  #headSent = false
  /** The answer's first bytes, until the packet in which they came is read. */
  #first: Buffer | undefined
  #hasBegun = false
  #isOver = false
  #bug: { readonly error: unknown } | undefined
  #onGone: (() => void) | undefined

  constructor(exchange: Resigned, ownFields: readonly string[], events: RelayEvents) {
    this.#exchange = exchange
    this.#reply = exchange.reply
    this.#gone = exchange.client.gone
    this.#ownFields = ownFields
    this.#events = events
  }

  onRequestStart(controller: Controller): void {
    this.#wasSent = true
    this.#onGone = () =>
      controller.abort(new Denial('client_gone', 'The client closed its connection while its call ran.'))
    if (this.#gone.aborted) {
      this.#onGone()
      return
    }
    this.#gone.addEventListener('abort', this.#onGone)
  }

  onResponseStart(controller: Controller, status: number, headers: AnswerHeaders, message?: string): void {
    this.#wasAnswered = true
    if (status < 200) return
    this.#guarded(controller, () => {
      const fields = relayedFields(controller.rawHeaders)
      this.#head = { status, reason: relayedReason(message), fields, headers }
      this.#held = new HeldAnswer(this.#heldAs(status))
      if (this.#held.isError) return
      this.#sendHead()
      // What came in one packet leaves in one: head and first bytes, or the whole answer. A head that came alone leaves alone.
      queueMicrotask(() => {
        if (!this.#hasBegun && !this.#isOver) this.#begin(controller)
      })
    })
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    countPassed(chunk)
    this.#guarded(controller, () => {
      for (const piece of this.#held.take(chunk)) this.#pass(controller, piece)
      if (this.#held.isFull) this.#letGo(controller)
    })
  }

  onResponseEnd(): void {
    if (this.#isOver) return
    this.#over()
    try {
      const judged = mapMaybePromise(this.#judge(), () => this.#finish())
      if (judged instanceof Promise) judged.catch((error: unknown) => this.#events.broke(error))
    } catch (error) {
      this.#events.broke(error)
    }
  }

  onResponseError(_controller: Controller | undefined, error: Error): void {
    if (this.#isOver) return
    this.#over()
    if (this.#bug !== undefined) this.#events.broke(this.#bug.error)
    else this.#events.failed({ error, wasSent: this.#wasSent, wasAnswered: this.#wasAnswered })
  }

  /** Keeps a bug of ours apart from a failure of the upstream: undici takes what a handler throws for the latter. */
  #guarded(controller: Controller, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#bug = { error }
      controller.abort(error instanceof Error ? error : new Error('the answer could not be relayed'))
    }
  }

  #heldAs(status: number): 'error' | 'undecided' | 'none' {
    if (status >= 400) return 'error'
    return status === 200 && this.#exchange.call.protocol === 's3' && this.#exchange.method !== 'GET'
      ? 'undecided'
      : 'none'
  }

  /** Says what error it is, if it is one, and waits until that is dealt with. */
  #judge(): MaybePromise<void> {
    if (!this.#held.isError) return undefined
    const { status, headers } = this.#head
    this.#codes = errorCodesIn(headers, this.#held.body())
    // S3 has no better status for an error that it found after it had begun to answer: SDKs take it for a 500.
    return this.#events.answered({ status: status < 300 ? 500 : status, codes: this.#codes })
  }

  /** Lets an error go that is too long to be held. */
  #letGo(controller: Controller): void {
    controller.pause()
    void mapMaybePromise(this.#judge(), () => {
      const pieces = this.#held.rest()
      this.#held = new HeldAnswer('none')
      if (this.#isOver) return
      this.#guarded(controller, () => {
        this.#sendHead()
        this.#hasBegun = true
        if (this.#reply.write(Buffer.concat(pieces))) controller.resume()
        else this.#reply.once('drain', () => controller.resume())
      })
    })
  }

  #sendHead(): void {
    if (this.#headSent) return
    this.#headSent = true
    this.#reply.sendDate = false
    this.#reply.writeHead(this.#head.status, this.#head.reason, [...this.#head.fields, ...this.#ownFields])
  }

  #pass(controller: Controller, chunk: Buffer): void {
    if (!this.#hasBegun && this.#first === undefined) {
      this.#first = chunk
      return
    }
    if (!this.#hasBegun) this.#begin(controller)
    this.#write(controller, chunk)
  }

  #begin(controller: Controller): void {
    this.#hasBegun = true
    if (this.#first === undefined) this.#reply.flushHeaders()
    else this.#write(controller, this.#first)
    this.#first = undefined
  }

  #write(controller: Controller, chunk: Buffer): void {
    if (this.#reply.write(chunk)) return
    controller.pause()
    this.#reply.once('drain', () => controller.resume())
  }

  #finish(): void {
    this.#sendHead()
    const rest = [...(this.#first === undefined ? [] : [this.#first]), ...this.#held.rest()]
    // The service needed no more of the body than it has.
    this.#exchange.body.abandon()
    this.#reply.end(rest.length === 0 ? undefined : rest.length === 1 ? rest[0] : Buffer.concat(rest))
    const { status, headers } = this.#head
    this.#events.done({
      status,
      requestId: firstOf(headers['x-amzn-requestid']) ?? firstOf(headers['x-amz-request-id']),
      errorCode: this.#codes[0],
      durationMs: performance.now() - this.#startedMs,
    })
  }

  #over(): void {
    this.#isOver = true
    if (this.#onGone !== undefined) this.#gone.removeEventListener('abort', this.#onGone)
  }
}

const NONE = { status: 0, reason: undefined, fields: [], headers: {} }
