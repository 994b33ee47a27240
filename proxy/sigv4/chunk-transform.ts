/** A stream over a body that is read for its signature while it passes. */
import { Transform } from 'node:stream'
import { callbackify } from 'node:util'

/** Passes bytes on to whoever reads the stream. */
export type Pass = (bytes: Buffer) => void

export interface BodyReader {
  /** Takes the next bytes of the body, and passes on what may go. Throws a Denial to fail the stream. */
  read(bytes: Buffer, pass: Pass): void
  /** The body ended: passes the rest on, or rejects with a Denial so that no reader sees a complete body. */
  finish(pass: Pass): Promise<void>
}

export function bodyTransform(reader: BodyReader): Transform {
  const stream: Transform = new Transform({
    transform(bytes: Buffer, _encoding, done) {
      try {
        reader.read(bytes, pass)
      } catch (error) {
        return done(error as Error)
      }
      done()
    },
    flush(done) {
      callbackify(() => reader.finish(pass))((error) => done(error))
    },
  })
  const pass: Pass = (bytes) => void stream.push(bytes)
  return stream
}
