/** Derives the signing keys of SigV4 and caches them. */
import { createHmac } from 'node:crypto'
import type { CredentialScope } from './types.ts'

interface DerivedKey {
  readonly secretAccessKey: string
  readonly key: Buffer
}

/**
 * Caches signing keys by access key, day, region and service; bounded.
 *
 * It has two generations instead of an exact LRU: a key that was used since the last turn survives it, and a hit in the
 * young generation moves nothing. It holds at most `2 * capacity` keys. A changed secret gives a new key.
 */
export class SigningKeys {
  readonly #capacity: number
  #young = new Map<string, DerivedKey>()
  #old = new Map<string, DerivedKey>()

  constructor(capacity = 5_000) {
    this.#capacity = capacity
  }

  /** Returns the 32-byte key that signs requests of this scope. */
  get(accessKeyId: string, secretAccessKey: string, scope: CredentialScope): Buffer {
    const name = `${accessKeyId}/${scope.date}/${scope.region}/${scope.service}`
    const young = this.#young.get(name)
    if (young?.secretAccessKey === secretAccessKey) return young.key
    const old = this.#old.get(name)
    const derived =
      old?.secretAccessKey === secretAccessKey
        ? old
        : { secretAccessKey, key: deriveKey(secretAccessKey, scope) }
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(name, derived)
    return derived.key
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }
}

/** Derives a key by HMAC over date, region, service and `aws4_request` (AWS General Reference, "Calculate a signature"). */
export function deriveKey(secretAccessKey: string, scope: CredentialScope): Buffer {
  return hmac(
    hmac(hmac(hmac(`AWS4${secretAccessKey}`, scope.date), scope.region), scope.service),
    'aws4_request',
  )
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}
