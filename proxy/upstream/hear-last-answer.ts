/**
 * Hears what a service said last. It may answer an upload early and close its connection. Then the next write fails, and
 * Node closes the socket, with the answer in it unread.
 */
/* oxlint-disable no-underscore-dangle -- so Node names what a stream is made of */
import type { Socket } from 'node:net'

/** Writes that fail with these say nothing of what can still be read. */
const CLOSED: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET'])

type Written = (error?: Error | null) => void

/** Returns the socket, on which a write to a closed connection fails only after what had arrived is read. */
export function hearLastAnswer(socket: Socket): Socket {
  const write = socket._write.bind(socket)
  const writev = socket._writev?.bind(socket)
  socket._write = (chunk, encoding, done) => write(chunk, encoding, afterReading(done))
  if (writev !== undefined) socket._writev = (chunks, done) => writev(chunks, afterReading(done))
  return socket
}

/** The first turn of the event loop may have begun before the answer arrived; by the end of the second it is read. */
function afterReading(done: Written): Written {
  return (error) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (CLOSED.has(code)) setImmediate(() => setImmediate(() => done(error)))
    else done(error)
  }
}
