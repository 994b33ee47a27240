/** Makes and checks signatures of either algorithm; caches the derived keys. */
import type { CredentialScope, Payload, SigningAlgorithm } from './types.ts'
import type { BodySignatures } from './body-signatures.ts'
import type { Credentials } from '../core/ports.ts'
import { ecdsaChunkChain, hmacChunkChain, type ChunkChain, type ChunkVerifier } from './chunk-chain.ts'
import { ALGORITHM } from './credential.ts'
import { EventChain } from './event-stream.ts'
import { EcdsaKeys, ecdsaSignature, ecdsaSignatureMatches } from './sigv4a.ts'
import { signature, signatureMatches } from './signature.ts'
import { SigningKeys } from './signing-key.ts'

/** An AccessKey is a key id with its secret: an agent's, to verify, or the upstream's, to sign. */
export type AccessKey = Pick<Credentials, 'accessKeyId' | 'secretAccessKey'>

/** Makes and checks the signatures of requests and bodies, with its own cache of derived keys. */
export class Signatures {
  readonly #keys = new SigningKeys()
  readonly #ecdsaKeys = new EcdsaKeys()

  /** Returns the signature (hex) over a canonical request, given as SHA-256 in hex; `amzDate` as in `x-amz-date`. */
  make(
    algorithm: SigningAlgorithm,
    owner: AccessKey,
    amzDate: string,
    scope: CredentialScope,
    requestHash: string,
  ): string {
    if (algorithm === ALGORITHM) return signature(this.#keyOf(owner, scope), amzDate, scope, requestHash)
    return ecdsaSignature(this.#ecdsaKeyOf(owner).privateKey, amzDate, scope, requestHash)
  }

  /** Tells whether `claimed` is a signature of the owner; HMACs are compared in constant time. */
  matches(
    algorithm: SigningAlgorithm,
    claimed: string,
    owner: AccessKey,
    amzDate: string,
    scope: CredentialScope,
    requestHash: string,
  ): boolean {
    if (algorithm === ALGORITHM) {
      return signatureMatches(claimed, this.#keyOf(owner, scope), amzDate, scope, requestHash)
    }
    return ecdsaSignatureMatches(claimed, this.#ecdsaKeyOf(owner).publicKey, amzDate, scope, requestHash)
  }

  /** Returns the signature chain of a body of this kind, which starts at the request's own; undefined if it has none. */
  ofBody(
    kind: Payload['kind'],
    algorithm: SigningAlgorithm,
    owner: AccessKey,
    amzDate: string,
    scope: CredentialScope,
    seedSignature: string,
  ): BodySignatures<ChunkChain & ChunkVerifier> | undefined {
    if (kind === 'signed-chunks') {
      return { chunks: this.#chunks(algorithm, owner, amzDate, scope, seedSignature) }
    }
    if (kind !== 'signed-events') return undefined
    const keyOn = (date: string): Buffer => this.#keyOf(owner, { ...scope, date })
    return { events: new EventChain(keyOn, scope, seedSignature) }
  }

  #chunks(
    algorithm: SigningAlgorithm,
    owner: AccessKey,
    amzDate: string,
    scope: CredentialScope,
    seedSignature: string,
  ): ChunkChain & ChunkVerifier {
    if (algorithm === ALGORITHM) {
      return hmacChunkChain(this.#keyOf(owner, scope), amzDate, scope, seedSignature)
    }
    return ecdsaChunkChain(this.#ecdsaKeyOf(owner), amzDate, scope, seedSignature)
  }

  #keyOf({ accessKeyId, secretAccessKey }: AccessKey, scope: CredentialScope): Buffer {
    return this.#keys.get(accessKeyId, secretAccessKey, scope)
  }

  #ecdsaKeyOf({ accessKeyId, secretAccessKey }: AccessKey) {
    return this.#ecdsaKeys.get(accessKeyId, secretAccessKey)
  }
}
