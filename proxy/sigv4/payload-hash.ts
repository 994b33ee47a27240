/** Checks a body against the hash that its signature declared. */
import { createHash, hash } from 'node:crypto'
import { Transform } from 'node:stream'
import { Denial } from '../core/denial/denial.ts'
import type { Payload } from './types.ts'

/** Of a body that is there whole: `payload_mismatch` unless it has the SHA-256 that was declared, if one was. */
export function checkDeclaredHash(payload: Payload, bytes: Buffer): void {
  if (payload.kind === 'declared' && hash('sha256', bytes, 'hex') !== payload.sha256) throw wrongHash()
}

/**
 * Passes bytes on unchanged, the last chunk only once the SHA-256 (hex) of all is right; otherwise fails with
 * `payload_mismatch`, so that whoever reads never sees a complete body.
 */
export function payloadHashCheck(sha256: string): Transform {
  const running = createHash('sha256')
  let held: Buffer | undefined
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      // An empty chunk must not push out the one that is held back.
      if (chunk.length === 0) return done()
      running.update(chunk)
      const released = held
      held = chunk
      done(null, released)
    },
    flush(done) {
      if (running.digest('hex') !== sha256) {
        return done(wrongHash())
      }
      done(null, held)
    },
  })
}

function wrongHash(): Denial {
  return new Denial('payload_mismatch', 'The body does not have the hash that x-amz-content-sha256 declares.')
}
