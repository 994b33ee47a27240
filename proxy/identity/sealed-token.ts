/**
 * Seals session tokens that any replica can read and none keeps: what an agent may do in one task, sealed with
 * AES-256-GCM.
 *
 *     M1.<key id>.<base64url of: 12 bytes nonce, ciphertext, 16 bytes tag>
 *
 * The access key id is bound in as additional data, so a token works with no other one. The secret that goes with it is
 * derived from both and never stored: who steals the token alone can sign nothing. Pure.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** Holds one master key, ready for use; it is made of 32 bytes that every replica has. */
export interface SealingKey {
  readonly id: string
  readonly sealing: Buffer
  readonly secrets: Buffer
}

export interface Sealed {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/** Clients carry tokens in headers and environment; AWS's own are of about this size. */
export const MAX_TOKEN_CHARACTERS = 2048
const MAX_CONTENT_BYTES = 64 * 1024
const AS_IT_IS_BYTES = 512
/** The first byte of what is sealed. */
const [PLAIN, DEFLATED] = [0, 1]
const FORM = 'M1'
/** Stands for the access key id in what is no session token; no access key id has a dot. */
const TICKET = 'ticket.'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export function sealingKey(id: string, master: Buffer): SealingKey {
  const derive = (use: string): Buffer => Buffer.from(hkdfSync('sha256', master, '', `moderato ${use}`, 32))
  return { id, sealing: derive('seal'), secrets: derive('secret') }
}

/** Seals a session under a fresh access key id. Throws a RangeError for a token of over `MAX_TOKEN_CHARACTERS`. */
export function seal(content: unknown, key: SealingKey): Sealed {
  const accessKeyId = newAccessKeyId()
  const sessionToken = sealed(content, key, accessKeyId)
  return { accessKeyId, secretAccessKey: secretOf(accessKeyId, sessionToken, key), sessionToken }
}

/** Seals a session into a ticket, which credentials of it are fetched with. It signs nothing itself. */
export function sealTicket(content: unknown, key: SealingKey): string {
  return sealed(content, key, TICKET)
}

/** Returns what a ticket was sealed of; undefined as for `unseal`. */
export function unsealTicket(ticket: string, key: SealingKey): unknown {
  return unseal(TICKET, ticket, key)
}

function sealed(content: unknown, key: SealingKey, holder: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key.sealing, nonce)
  cipher.setAAD(boundTo(key.id, holder))
  const plain = packed(Buffer.from(JSON.stringify(content)))
  const bytes = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  const token = `${FORM}.${key.id}.${bytes.toString('base64url')}`
  if (token.length > MAX_TOKEN_CHARACTERS) {
    throw new RangeError(`the session token has ${token.length} characters; at most ${MAX_TOKEN_CHARACTERS}`)
  }
  return token
}

/** Short content stays as it is: opened for many requests, it would cost more to inflate than it saves. */
function packed(content: Buffer): Buffer {
  return content.length <= AS_IT_IS_BYTES
    ? Buffer.concat([Buffer.of(PLAIN), content])
    : Buffer.concat([Buffer.of(DEFLATED), deflateRawSync(content, { level: 9 })])
}

function unpacked(packed: Buffer): Buffer {
  const content = packed.subarray(1)
  return packed[0] === PLAIN ? content : inflateRawSync(content, { maxOutputLength: MAX_CONTENT_BYTES })
}

/** Returns the id of the key that a token names; undefined if it is no token of ours. Nothing is proved yet. */
export function keyIdOf(sessionToken: string): string | undefined {
  return sessionToken.length > MAX_TOKEN_CHARACTERS
    ? undefined
    : /^M1\.([A-Za-z0-9_-]{1,32})\.[A-Za-z0-9_-]+$/.exec(sessionToken)?.[1]
}

/** Returns what was sealed; undefined if the token was made with another key, for another access key id, or changed. */
export function unseal(holder: string, token: string, key: SealingKey): unknown {
  const bytes = Buffer.from(token.slice(FORM.length + key.id.length + 2), 'base64url')
  if (bytes.length <= NONCE_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key.sealing, bytes.subarray(0, NONCE_BYTES))
  decipher.setAAD(boundTo(key.id, holder))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    const plain = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
    return JSON.parse(unpacked(plain).toString('utf8'))
  } catch {
    return undefined
  }
}

/**
 * Returns the secret of a token: 40 characters, as SDKs know secrets. The whole token is in it: another spelling of the
 * same bytes has another.
 */
export function secretOf(accessKeyId: string, sessionToken: string, key: SealingKey): string {
  const token = createHash('sha256').update(sessionToken).digest()
  const mac = createHmac('sha256', key.secrets).update(accessKeyId).update('\0').update(token).digest()
  return mac.subarray(0, 30).toString('base64')
}

function boundTo(keyId: string, holder: string): Buffer {
  return Buffer.from(`${FORM}.${keyId}.${holder}`)
}

/** `ASIA` and 16 characters of base32, as temporary ones of AWS are. */
function newAccessKeyId(): string {
  let id = 'ASIA'
  for (const byte of randomBytes(16)) id += BASE32[byte & 31]
  return id
}
