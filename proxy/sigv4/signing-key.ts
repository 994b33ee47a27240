/** Derives the signing keys of SigV4 and caches them. */
import { createHmac } from 'node:crypto'
import { RecentMap } from '../core/recent-map.ts'
import type { CredentialScope } from './types.ts'

interface DerivedKey {
  readonly secretAccessKey: string
  readonly key: Buffer
}

/** Caches signing keys by access key, day, region and service; bounded. A changed secret gives a new key. */
export class SigningKeys {
  readonly #keys: RecentMap<DerivedKey>

  constructor(capacity = 5_000) {
    this.#keys = new RecentMap(capacity)
  }

  /** Returns the 32-byte key that signs requests of this scope. */
  get(accessKeyId: string, secretAccessKey: string, scope: CredentialScope): Buffer {
    const name = `${accessKeyId}/${scope.date}/${scope.region}/${scope.service}`
    const known = this.#keys.get(name)
    if (known?.secretAccessKey === secretAccessKey) return known.key
    const key = deriveKey(secretAccessKey, scope)
    this.#keys.set(name, { secretAccessKey, key })
    return key
  }

  get size(): number {
    return this.#keys.size
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
