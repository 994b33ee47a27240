/** Makes and compares SigV4 signatures over a canonical request. */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { CredentialScope } from './types.ts'
import { ALGORITHM, scopeText } from './credential.ts'

/** Returns the signature in hex; `amzDate` as in `x-amz-date`, `requestHash` the canonical request's SHA-256 in hex. */
export function signature(key: Buffer, amzDate: string, scope: CredentialScope, requestHash: string): string {
  return hmacHex(key, `${ALGORITHM}\n${amzDate}\n${scopeText(ALGORITHM, scope)}\n${requestHash}`)
}

/** Tells in constant time whether `claimed` (64 lower-case hex digits) is that signature. */
export function signatureMatches(
  claimed: string,
  key: Buffer,
  amzDate: string,
  scope: CredentialScope,
  requestHash: string,
): boolean {
  return isEqual(claimed, signature(key, amzDate, scope, requestHash))
}

const given = Buffer.alloc(64)
const ours = Buffer.alloc(64)

/** Compares a claimed signature with ours, both SHA-256 in hex, in constant time. */
export function isEqual(claimed: string, expected: string): boolean {
  if (claimed.length !== given.length || expected.length !== ours.length) return false
  given.write(claimed, 'latin1')
  ours.write(expected, 'latin1')
  return timingSafeEqual(given, ours)
}

const BLOCK_BYTES = 64
const MAX_TEXT_BYTES = 1024
const inner = Buffer.alloc(BLOCK_BYTES + MAX_TEXT_BYTES)
const outer = Buffer.alloc(BLOCK_BYTES + 32)

/**
 * Returns HMAC-SHA256 (RFC 2104) in hex, by two one-shot hashes: an `Hmac` object costs more than both, when made and
 * when collected. `text` is ASCII; longer texts and keys use an `Hmac`.
 */
export function hmacHex(key: Buffer, text: string): string {
  if (key.length > BLOCK_BYTES || text.length > MAX_TEXT_BYTES) {
    return createHmac('sha256', key).update(text, 'latin1').digest('hex')
  }
  for (let index = 0; index < BLOCK_BYTES; index += 1) {
    const byte = key[index] ?? 0
    inner[index] = byte ^ 0x36
    outer[index] = byte ^ 0x5c
  }
  const end = BLOCK_BYTES + inner.write(text, BLOCK_BYTES, 'latin1')
  outer.write(hash('sha256', inner.subarray(0, end)), BLOCK_BYTES, 'hex')
  return hash('sha256', outer)
}
