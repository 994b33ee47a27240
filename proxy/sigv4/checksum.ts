/** Computes the checksums that S3 clients send in trailers, by header name. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc'

/** A Checksum is computed piece by piece. */
export interface Checksum {
  update(bytes: Buffer): void
  /** Returns the checksum in base64, as the header has it. Must be called once, at the end. */
  digest(): Promise<string>
}

const MAKERS = new Map<string, () => Checksum>([
  ['x-amz-checksum-crc32', crc32Checksum],
  ['x-amz-checksum-crc32c', () => libraryChecksum(new Crc32c())],
  ['x-amz-checksum-crc64nvme', () => libraryChecksum(new Crc64Nvme())],
  ['x-amz-checksum-sha1', () => hashChecksum('sha1')],
  ['x-amz-checksum-sha256', () => hashChecksum('sha256')],
])

/** Lists the trailers that hold a checksum. */
export const CHECKSUM_TRAILERS: ReadonlySet<string> = new Set(MAKERS.keys())

/** Starts a checksum for a header of `CHECKSUM_TRAILERS`. */
export function checksum(trailer: string): Checksum {
  const make = MAKERS.get(trailer)
  if (make === undefined) throw new Error(`no such checksum: ${trailer}`)
  return make()
}

function crc32Checksum(): Checksum {
  let value = 0
  return {
    update(bytes) {
      value = crc32(bytes, value)
    },
    async digest() {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(value)
      return bytes.toString('base64')
    },
  }
}

function hashChecksum(algorithm: 'sha1' | 'sha256'): Checksum {
  const running = createHash(algorithm)
  return {
    update: (bytes) => void running.update(bytes),
    digest: async () => running.digest('base64'),
  }
}

function libraryChecksum(running: {
  update(bytes: Uint8Array): void
  digest(): Promise<Uint8Array>
}): Checksum {
  return {
    update: (bytes) => running.update(bytes),
    digest: async () => Buffer.from(await running.digest()).toString('base64'),
  }
}
