/** Keeps the uploads that were answered early and are still read, so that a service that stops need not wait for them. */
import type { IncomingMessage } from 'node:http'
import { constants, type Http2ServerRequest } from 'node:http2'
import type { Request } from '../../core/http/message.ts'
import { isHttp2 } from './connection-of.ts'

/** A client that still sends has had this long to read its answer. */
const GRACE_MS = 1_000

/** The functions that stop reading, with the time since when each body is read. All listeners of a process share them. */
const sinceMs = new Map<() => void, number>()

/** Notes a body that is read on, and returns a function to call when that is over. */
export function readOnUntil(stop: () => void): () => void {
  sinceMs.set(stop, performance.now())
  return () => sinceMs.delete(stop)
}

/** Stops reading the bodies whose clients have had time to read their answers. */
export function stopAbandoned(): void {
  const nowMs = performance.now()
  for (const [stop, beganMs] of sinceMs) if (nowMs - beganMs > GRACE_MS) stop()
}

/** Returns a function to call when no more of a body is read. Call this one right before the end of the answer. */
export function closerOf(request: Request): (isWhole: boolean) => void {
  return isHttp2(request) ? stopping(request) : lingering(request)
}

/**
 * Returns a function that tells the client of an HTTP/2 stream to stop (RFC 9113 8.1), once the answer is written. curl does
 * not read an answer that comes together with this: do not call it at once.
 */
function stopping({ stream }: Http2ServerRequest): (isWhole: boolean) => void {
  const stop = (): void => stream.close(constants.NGHTTP2_NO_ERROR)
  return (isWhole) => {
    if (isWhole) return
    if (stream.writableFinished) stop()
    else stream.once('finish', stop)
  }
}

/**
 * Lets a connection end its own side only, where Node would close it after an answer: what the client still sends would
 * reset it, perhaps before the client has read the answer.
 */
function lingering({ socket }: IncomingMessage): (isWhole: boolean) => void {
  const closeAfterAnswer = socket.destroySoon.bind(socket)
  let isLast = false
  socket.destroySoon = () => {
    isLast = true
    socket.end()
  }
  return (isWhole) => {
    socket.destroySoon = closeAfterAnswer
    if (!isWhole) socket.destroy()
    else if (isLast) closeAfterAnswer()
  }
}
