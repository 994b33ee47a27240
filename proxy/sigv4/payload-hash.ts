/** Checks a body against the hash that its signature declares. */
import { createHash, hash } from 'node:crypto'
import { Transform } from 'node:stream'
import { Denial } from '../core/denial/denial.ts'
import type { Payload } from './types.ts'

/** Checks a complete body: throws Denial `payload_mismatch` unless it has the declared SHA-256, if one was declared. */
export function checkDeclaredHash(payload: Payload, bytes: Buffer): void {
  if (payload.kind === 'declared' && hash('sha256', bytes, 'hex') !== payload.sha256) throw wrongHash()
}

/**
 * Passes bytes on unchanged, the last chunk only if the SHA-256 (hex) of all matches. Otherwise the stream fails with
 * `payload_mismatch`, so that no reader sees a complete body.
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
