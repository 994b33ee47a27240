/** Signs a request with upstream credentials and answers; the last stage of the signing endpoint. */
import type { Agent } from '../../core/agent.ts'
import { Denial } from '../../core/denial/denial.ts'
import type { Paced } from '../../exchange/exchange.ts'
import { markEffectMade, type EffectMade, type ProofClaimed } from '../../exchange/facts.ts'
import type { PresignDescribed, PresignRequest } from '../../exchange/presign-request.ts'
import type { Clock, Credentials } from '../../core/ports.ts'
import { ALGORITHM } from '../../sigv4/credential.ts'
import { presign } from '../../sigv4/presign.ts'
import { Signatures } from '../../sigv4/signatures.ts'
import { formatAmzDate } from '../../sigv4/signing-date.ts'
import type { SigningOwner } from '../../credentials/presign-narrow.ts'

/** Declares what `signForAgent` needs. */
export interface SignForAgentDeps {
  readonly owner: SigningOwner
  readonly clock: Clock
  /** Returns the `x-moderato-*` fields of every answer as a flat name, value list. */
  readonly answerHeaders: (exchange: Paced) => readonly string[]
}

type Signable = Paced & PresignDescribed & ProofClaimed

/**
 * Answers with the token or URL, which is never logged. It is valid no longer than the credentials that sign it, and no
 * longer than the task (S10). Denials `upstream_credentials`, `expired_session` and `client_gone`.
 */
export function signForAgent({ owner: ownerOf, clock, answerHeaders }: SignForAgentDeps) {
  // Not the pipeline's cache: sessions that are used once would evict its keys.
  const signatures = new Signatures()
  return async function signForAgent<Exchange extends Signable>(
    exchange: Exchange,
  ): Promise<Exchange & EffectMade> {
    const { presign: request, agent, client, reply } = exchange
    const owner = await ownerOf(agent, request)
    if (client.gone.aborted)
      throw new Denial('client_gone', 'The client closed its connection; nothing was signed.')
    const body = Buffer.from(JSON.stringify(signed(request, agent, owner, clock.nowMs(), signatures)))
    reply.writeHead(200, undefined, [
      'content-type',
      'application/json',
      'content-length',
      String(body.length),
      'cache-control',
      'no-store',
      ...answerHeaders(exchange),
    ])
    reply.end(body)
    return markEffectMade(exchange)
  }
}

function signed(
  presignRequest: PresignRequest,
  { session }: Agent,
  owner: Credentials,
  nowMs: number,
  signatures: Signatures,
): object {
  const { request, payloadHash, signingName, region, origin } = presignRequest
  const signedAtMs = Math.floor(nowMs / 1000) * 1000
  const amzDate = formatAmzDate(signedAtMs)
  const ownerSeconds = secondsUntil(owner.expiration?.getTime(), signedAtMs)
  if (ownerSeconds < 1)
    throw new Denial('upstream_credentials', 'The upstream credentials are about to expire.')
  const taskSeconds = secondsUntil(session?.expiresAtMs, signedAtMs)
  if (taskSeconds < 1) throw new Denial('expired_session', 'The time of the task is about to be over.')
  const expiresSeconds = Math.min(presignRequest.expiresSeconds, ownerSeconds, taskSeconds)
  const signedHeaders = [...request.headers.names()].toSorted()
  const query = presign(
    request,
    payloadHash,
    {
      algorithm: ALGORITHM,
      amzDate,
      scope: { date: amzDate.slice(0, 8), region, service: signingName },
      expiresSeconds,
      signedHeaders,
    },
    owner,
    signatures,
  )
  const expiresAt = new Date(signedAtMs + expiresSeconds * 1000).toISOString()
  return { ...formatted(presignRequest, `${origin}${request.path}?${query}`), expiresSeconds, expiresAt }
}

function secondsUntil(endMs: number | undefined, atMs: number): number {
  return endMs === undefined ? Infinity : Math.floor((endMs - atMs) / 1000)
}

/** Formats a signed URL as its verifier expects it: EKS in base64url, databases without the scheme. */
function formatted({ type, request }: PresignRequest, url: string): object {
  if (type === 'eks-token') return { token: `k8s-aws-v1.${Buffer.from(url).toString('base64url')}` }
  if (type !== 's3-url') return { token: url.slice('https://'.length) }
  const { raw } = request.headers
  const headers: Record<string, string> = {}
  for (let i = 2; i + 1 < raw.length; i += 2) headers[raw[i] as string] = raw[i + 1] as string
  return { method: request.method, url, headers }
}
