/** Relays one upstream answer to the client, as a dispatch handler of undici. */
import type { Dispatcher } from 'undici'
import { Denial } from '../../core/denial/denial.ts'
import type { ClientSignal } from '../../core/http/client-signal.ts'
import type { Reply } from '../../core/http/message.ts'
import type { Resigned } from '../../exchange/exchange.ts'
import type { UpstreamAnswer } from '../../exchange/upstream.ts'
import { HOP_BY_HOP } from '../../core/http/headers.ts'
import { countPassed } from './stream-memory.ts'

/** Matches a reason phrase that Node writes unchanged: undici has read its bytes as UTF-8. */
const REASON = /^[\t\x20-\x7e]*$/

/** The part of an error answer that is searched for its code; the rest is only relayed. */
const ERROR_PREFIX_BYTES = 2048

/** Receives the end of a relayed answer. */
export interface RelayEvents {
  done(answer: UpstreamAnswer): void
  failed(error: unknown): void
}

/** Relays the answer of one call; calls `done` or `failed` once. */
export class UpstreamRelay implements Dispatcher.DispatchHandler {
  readonly #reply: Reply
  readonly #gone: ClientSignal
  readonly #headers: readonly string[]
  readonly #events: RelayEvents
  readonly #startedMs = performance.now()
  #status = 0
  #requestId: string | undefined
  #errorCode: string | undefined
  #errorPrefix = ''
  /** The answer's first bytes, until the packet in which they came is read. */
  #first: Buffer | undefined
  #hasBegun = false
  #settled = false
  #onGone: (() => void) | undefined

  constructor(exchange: Resigned, headers: readonly string[], events: RelayEvents) {
    this.#reply = exchange.reply
    this.#gone = exchange.client.gone
    this.#headers = headers
    this.#events = events
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#onGone = () =>
      controller.abort(new Denial('client_gone', 'The client closed its connection while its call ran.'))
    if (this.#gone.aborted) {
      this.#onGone()
      return
    }
    this.#gone.addEventListener('abort', this.#onGone)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
    message?: string,
  ): void {
    if (status < 200) return
    this.#status = status
    this.#requestId = first(headers['x-amzn-requestid']) ?? first(headers['x-amz-request-id'])
    if (status >= 400) this.#errorCode = first(headers['x-amzn-errortype'])?.split(':')[0]
    const fields = relayed(controller.rawHeaders)
    fields.push(...this.#headers)
    this.#reply.sendDate = false
    this.#reply.writeHead(status, REASON.test(message ?? '') ? message : '', fields)
    // What came in one packet leaves in one: head and first bytes, or the whole answer. A head that came alone leaves alone.
    queueMicrotask(() => {
      if (!this.#hasBegun && !this.#settled) this.#begin(controller)
    })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#status >= 400 && this.#errorPrefix.length < ERROR_PREFIX_BYTES) {
      this.#errorPrefix += chunk.toString('latin1', 0, ERROR_PREFIX_BYTES)
    }
    countPassed(chunk)
    if (!this.#hasBegun && this.#first === undefined) {
      this.#first = chunk
      return
    }
    if (!this.#hasBegun) this.#begin(controller)
    this.#write(controller, chunk)
  }

  #begin(controller: Dispatcher.DispatchController): void {
    this.#hasBegun = true
    if (this.#first === undefined) this.#reply.flushHeaders()
    else this.#write(controller, this.#first)
    this.#first = undefined
  }

  #write(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#reply.write(chunk)) return
    controller.pause()
    this.#reply.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    if (this.#settled) return
    this.#settle()
    this.#reply.end(this.#first)
    this.#events.done({
      status: this.#status,
      requestId: this.#requestId,
      errorCode: this.#errorCode ?? errorCodeIn(this.#errorPrefix),
      durationMs: performance.now() - this.#startedMs,
    })
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#settled) return
    this.#settle()
    this.#events.failed(toDenial(error))
  }

  #settle(): void {
    this.#settled = true
    if (this.#onGone !== undefined) this.#gone.removeEventListener('abort', this.#onGone)
  }
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** Returns the upstream's fields in their order and spelling, without those of its connection. */
function relayed(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  const kept: string[] = []
  if (!Array.isArray(raw)) return kept
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = textOf(raw[i])
    const lower = name.toLowerCase()
    // These names are Moderato's own: no upstream may set them.
    if (HOP_BY_HOP.has(lower) || lower.startsWith('x-moderato-')) continue
    kept.push(name, textOf(raw[i + 1]))
  }
  return kept
}

/** Returns the text of a field, byte for byte: fields are not UTF-8 (RFC 9110 5.5). */
function textOf(part: Buffer | string | undefined): string {
  return typeof part === 'string' ? part : (part?.toString('latin1') ?? '')
}

/** Returns the error code of an AWS answer (`<Code>` in XML, `__type` or `code` in JSON); its message is not kept. */
function errorCodeIn(prefix: string): string | undefined {
  return /<Code>([A-Za-z0-9_.]{1,80})<\/Code>|"(?:__type|code)"\s*:\s*"(?:[\w.]{1,80}#)?([A-Za-z0-9_.]{1,80})"/
    .exec(prefix)
    ?.slice(1)
    .find((code) => code !== undefined)
}

function toDenial(error: Error & { readonly code?: string }): Denial {
  if (error instanceof Denial) return error
  if (error.cause instanceof Denial) return error.cause
  if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') {
    return new Denial('client_gone', 'The client closed its connection before its whole body came.', {
      cause: error,
    })
  }
  const late = error.code === 'UND_ERR_HEADERS_TIMEOUT' || error.code === 'UND_ERR_BODY_TIMEOUT'
  return late
    ? new Denial('upstream_timeout', 'The service did not answer in time.', { cause: error })
    : new Denial('upstream_unreachable', 'The service could not be reached.', { cause: error })
}
