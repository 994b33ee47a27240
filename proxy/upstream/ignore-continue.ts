/**
 * Leaves out the answer `100 Continue` where nobody asked for it. A client must take it (RFC 9110 15.2), but undici closes
 * the connection, and the call would fail after the service had got it.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** More than any such head has: what is longer is left to undici, which refuses it. */
const MAX_HEAD_BYTES = 16 * 1024
const HEAD_END = '\r\n\r\n'
const EXAMPLE = 'HTTP/1.1 100 '
/** Other interim answers go on to undici, which ignores them. After a 101 there is no further head. */
const INTERIM = /^HTTP\/1\.[01] 1(?!01)\d\d[ \r]$/
const CONTINUE = /^HTTP\/1\.[01] 100[ \r]$/

const filters = new WeakMap<object, ContinueFilter>()

// undici says so just before it writes the head of a request.
subscribe('undici:client:sendHeaders', (message) => {
  const { socket } = message as { readonly socket: object }
  filters.get(socket)?.expectAnswer()
})

/** Returns the socket, which reads the answers of HTTP/1.1 without their `100 Continue`. */
export function ignoreContinue(socket: Socket): Socket {
  if ('alpnProtocol' in socket && socket.alpnProtocol === 'h2') return socket
  const filter = new ContinueFilter()
  const read = socket.read.bind(socket)
  filters.set(socket, filter)
  socket.read = (size?: number): unknown => {
    const bytes: unknown = read(size)
    return Buffer.isBuffer(bytes) ? filter.passing(bytes) : bytes
  }
  return socket
}

/** Follows one connection, on which one call at a time is answered. */
export class ContinueFilter {
  #expectsHead = false
  /** The beginning of a head that is not whole yet. */
  #held: Buffer = Buffer.alloc(0)

  /** Says that a request is sent now: the next bytes are the head of its answer. */
  expectAnswer(): void {
    this.#expectsHead = true
  }

  /** Returns what may be read of further bytes; null if that is nothing yet. */
  passing(bytes: Buffer): Buffer | null {
    if (!this.#expectsHead) return bytes
    let rest = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    this.#held = Buffer.alloc(0)
    const passed: Buffer[] = []
    while (this.#expectsHead && rest.length > 0) {
      const status = rest.toString('latin1', 0, EXAMPLE.length)
      const mayBecomeOne =
        status.length < EXAMPLE.length && INTERIM.test(status + EXAMPLE.slice(status.length))
      const end = INTERIM.test(status) ? rest.indexOf(HEAD_END) : undefined
      if (mayBecomeOne || (end === -1 && rest.length < MAX_HEAD_BYTES)) {
        this.#held = rest
        rest = rest.subarray(rest.length)
      } else if (end === undefined || end === -1) {
        this.#expectsHead = false
      } else {
        const next = end + HEAD_END.length
        if (!CONTINUE.test(status)) passed.push(rest.subarray(0, next))
        rest = rest.subarray(next)
      }
    }
    if (rest.length > 0) passed.push(rest)
    return passed.length === 0 ? null : passed.length === 1 ? (passed[0] ?? null) : Buffer.concat(passed)
  }
}
