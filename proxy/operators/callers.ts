/** Identifies callers of the admin listener: the shared token, or a person by a token or certificate of their own (S18). */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'

/** Names a person who may operate and approve. Whatever channel they use, `id` is the one subject that they are. */
export interface Person {
  readonly id: string
  /** SHA-256 of their token, hex. */
  readonly tokenSha256?: string | undefined
  /** A name in a client certificate of `admin.tls.clientCa`, as `certificateNames` spells it. */
  readonly certificate?: string | undefined
}

/** Undefined: nobody who is known. */
export type CallerOf = (request: IncomingMessage) => Caller | undefined

export const SHARED: Caller = { kind: 'token', subject: 'admin-token' }

/**
 * Knows callers by the `Authorization` field if there is one, otherwise by their client certificate: who sends a wrong
 * token is not let in by a good certificate. Every token is compared in constant time, with all known ones. Throws if
 * the shared token is a person's too: it would count as that person. A token in the URL is never looked at.
 */
export function callers(token: string, people: readonly Person[]): CallerOf {
  const known: { readonly digest: Buffer; readonly caller: Caller }[] = [
    { digest: sha256(token), caller: SHARED },
  ]
  const named = new Map<string, Caller>()
  for (const { id, tokenSha256, certificate } of people) {
    if (tokenSha256 !== undefined) {
      const digest = Buffer.from(tokenSha256, 'hex')
      if (known.some((each) => each.digest.equals(digest)))
        throw new Error(
          `admin.people: the token of ${JSON.stringify(id)} is somebody else's too; make a new one`,
        )
      known.push({ digest, caller: { kind: 'person', subject: id, by: 'token' } })
    }
    if (certificate !== undefined) named.set(certificate, { kind: 'person', subject: id, by: 'certificate' })
  }
  return (request) => {
    const fields = request.headersDistinct['authorization'] ?? []
    if (fields.length === 0) return certified(request, named)
    const bearer = fields.length === 1 ? /^Bearer ([\x21-\x7e]+)$/i.exec(fields[0] ?? '') : null
    const given = sha256(bearer?.[1] ?? '')
    const found = known.filter(({ digest }) => timingSafeEqual(digest, given))
    return bearer === null ? undefined : found[0]?.caller
  }
}

/** A certificate of the configured authority is as good as the admin token; one with a person's name is that person. */
function certified({ socket }: IncomingMessage, named: ReadonlyMap<string, Caller>): Caller | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const names = certificateNames(certificate)
  for (const name of names) {
    const caller = named.get(name)
    if (caller !== undefined) return caller
  }
  return { kind: 'token', subject: `certificate ${names[0] ?? '?'}` }
}

/**
 * Returns the names of a certificate: its subject (`CN=alice,O=Example`), then its URIs (`URI:spiffe://...`) and mail
 * addresses (`email:...`). Node writes a comma that is part of a name as an escape in a quoted text, so that none can
 * be smuggled in.
 */
export function certificateNames(certificate: {
  readonly subject: string | undefined
  readonly subjectAltName: string | undefined
}): string[] {
  const subject = certificate.subject?.split('\n').join(',')
  const others = certificate.subjectAltName?.split(', ') ?? []
  return [
    ...(subject === undefined || subject === '' ? [] : [subject]),
    ...others.filter((name) => /^(URI|email):/.test(name)),
  ]
}

/** Returns the SHA-256 of a token; `admin.people[].tokenSha256` is its hex form. */
export function sha256(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
/** A caller is the shared token or a person. Only a person can approve; the shared token is nobody in particular (rule S18). */
export type Caller =
  | { readonly kind: 'token'; readonly subject: string }
  | { readonly kind: 'person'; readonly subject: string; readonly by: 'token' | 'certificate' | 'callback' }
