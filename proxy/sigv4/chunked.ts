/** Checks an aws-chunked body with a trailing checksum (`STREAMING-UNSIGNED-PAYLOAD-TRAILER`) as it streams through. */
import type { Transform } from 'node:stream'
import { bodyTransform } from './chunk-transform.ts'
import { ChunkFrames } from './chunk-frames.ts'

/**
 * Passes the bytes on unchanged. It holds back the last chunk's line and the trailer until the decoded length is
 * `decodedLengthBytes` and every checksum named in `trailers` matches. Otherwise the stream fails with
 * `payload_mismatch`, so that no reader sees a complete body.
 */
export function unsignedTrailerCheck(decodedLengthBytes: number, trailers: readonly string[]): Transform {
  const frames = new ChunkFrames({ decodedLengthBytes, trailers, signed: undefined })
  let held: Buffer[] = []
  return bodyTransform({
    read(bytes, pass) {
      const released = frames.read(bytes)
      if (released > 0) {
        for (const earlier of held) pass(earlier)
        held = []
        pass(bytes.subarray(0, released))
      }
      if (released < bytes.length) held.push(bytes.subarray(released))
    },
    async finish(pass) {
      await frames.finish()
      for (const earlier of held) pass(earlier)
    },
  })
}
