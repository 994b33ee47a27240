/** Runs an OIDC issuer whose keys and answers a test decides, and makes tokens as an issuer or an attacker would. */
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose'

export interface IssuerKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

export async function issuerKey(kid: string): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid } }
}

export interface TokenParts {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly nowMs?: number
}

/** Returns a token with `sub`, `aud`, `iat` and `exp` (one minute); `claims` replaces them, or removes one if undefined. */
export async function tokenOf(
  key: IssuerKey,
  issuer: string | undefined,
  { claims = {}, header = {}, nowMs = Date.now() }: TokenParts = {},
): Promise<string> {
  const seconds = Math.floor(nowMs / 1000)
  const all: JWTPayload = {
    ...(issuer === undefined ? {} : { iss: issuer }),
    sub: 'someone',
    aud: 'moderato',
    iat: seconds,
    exp: seconds + 60,
    ...claims,
  }
  return await new SignJWT(all)
    .setProtectedHeader({ alg: 'ES256', kid: key.kid, ...header })
    .sign(key.privateKey)
}

/** Returns a token whose signature is what `sign` returns for its text. */
export function forged(header: object, claims: object, sign: (text: string) => string = () => ''): string {
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${sign(text)}`
}

/** The order of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** Returns the same token with the second valid ES256 signature: s and its negative are both valid. */
export function twinOf(token: string): string {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const negative = ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const twin = Buffer.concat([
    bytes.subarray(0, 32),
    Buffer.from(negative.toString(16).padStart(64, '0'), 'hex'),
  ])
  return [header, claims, twin.toString('base64url')].join('.')
}

export class Issuer {
  readonly url: string
  keys: IssuerKey[]
  /** The number of times its keys were fetched. */
  fetched = 0
  /** Answers in place of the keys, if defined. */
  instead: ((reply: ServerResponse) => void) | undefined
  /** Members of its discovery document that differ. */
  discovery: Record<string, unknown> = {}
  readonly #server: Server

  private constructor(server: Server, url: string, keys: IssuerKey[]) {
    this.#server = server
    this.url = url
    this.keys = keys
    server.on('request', ({ url: target }, reply: ServerResponse) => this.#answer(target ?? '', reply))
  }

  static async start(keys: IssuerKey[]): Promise<Issuer> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    return new Issuer(server, `http://127.0.0.1:${port}`, keys)
  }

  #answer(target: string, reply: ServerResponse): void {
    if (target === '/.well-known/openid-configuration') {
      const document = { issuer: this.url, jwks_uri: `${this.url}/keys`, ...this.discovery }
      return void reply.end(JSON.stringify(document))
    }
    this.fetched += 1
    if (this.instead !== undefined) return this.instead(reply)
    reply.end(JSON.stringify({ keys: this.keys.map(({ jwk }) => jwk) }))
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
