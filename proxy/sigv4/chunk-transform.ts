/** Makes a stream that checks a body while it passes through. */
import { Transform } from 'node:stream'
import { callbackify } from 'node:util'

/** A Pass function sends bytes on to the reader of the stream. */
export type Pass = (bytes: Buffer) => void

/** A BodyReader checks a body and decides which bytes go on. */
export interface BodyReader {
  /** Takes the next bytes of the body, and passes on those that may go. Throws a Denial to fail the stream. */
  read(bytes: Buffer, pass: Pass): void
  /** Ends the body: passes the rest on, or rejects with a Denial so that no reader sees a complete body. */
  finish(pass: Pass): Promise<void>
}

/** Makes a stream of a BodyReader. */
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
