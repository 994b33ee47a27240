/** Makes and checks signatures by either algorithm, with the keys derived for it kept while they are in use. */
import type { CredentialScope, Payload, SigningAlgorithm } from './types.ts'
import type { BodySignatures } from './body-signatures.ts'
import type { Credentials } from '../core/ports.ts'
import { ecdsaChunkChain, hmacChunkChain, type ChunkChain, type ChunkVerifier } from './chunk-chain.ts'
import { ALGORITHM } from './credential.ts'
import { EventChain } from './event-stream.ts'
import { EcdsaKeys, ecdsaSignature, ecdsaSignatureMatches } from './sigv4a.ts'
import { signature, signatureMatches } from './signature.ts'
import { SigningKeys } from './signing-key.ts'

/** An access key with its secret: an agent's, to verify, or the upstream's, to sign. */
export type AccessKey = Pick<Credentials, 'accessKeyId' | 'secretAccessKey'>

export class Signatures {
  readonly #keys = new SigningKeys()
  readonly #ecdsaKeys = new EcdsaKeys()

  /** Hex signature of a canonical request (its SHA-256 in hex); `amzDate` as in `x-amz-date`. */
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

  /** Whether `claimed` is a signature of the owner; HMACs are compared in constant time. */
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

  /** The chain of the signatures that a body of this kind has, from the request's own on; undefined if it has none. */
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
