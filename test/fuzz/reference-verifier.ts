/**
 * Says of a request whether a proxy that keeps Moderato's promises may forward it: independent of the proxy's code,
 * slow, obvious, written from AWS's documentation and SECURITY.md. It errs on the side of refusing.
 */
import { createHash, createHmac, verify as verifyWithKey } from 'node:crypto'
import { slowCanonical } from '../conformance/slow-canonical.ts'
import { valuesOf, type HttpRequest } from './http-message.ts'
import { readAwsChunked, type Chain } from './reference-body.ts'
import { judgeFields } from './reference-fields.ts'
import { ecdsaKeys } from './reference-keys.ts'

export interface ReferenceOptions {
  /** Secrets by access key id. */
  readonly secrets: ReadonlyMap<string, string>
  readonly nowMs: number
  /** Session tokens that are in order, by access key id; a request with another is refused. */
  readonly tokens?: ReadonlyMap<string, string>
}

export interface Accepted {
  readonly accepted: true
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly presigned: boolean
  /** Names of unsigned fields that may arrive at the service; no other unsigned one may. */
  readonly free: readonly string[]
  /** The body as the service stores or reads it: without aws-chunked framing. */
  readonly data: Buffer
}

export type Verdict = Accepted | { readonly accepted: false; readonly why: string }

const S3_FAMILY = ['s3', 's3express', 's3-object-lambda', 's3-outposts']
const ONCE =
  /^(x-amz-.*|authorization|content-encoding|content-length|content-type|date|host|expect|transfer-encoding)$/

interface Claim {
  readonly algorithm: string
  readonly accessKeyId: string
  readonly scope: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly amzDate: string
  readonly expiresSeconds: number | undefined
}

class Refusal extends Error {}

function refuseUnless(condition: unknown, why: string): asserts condition {
  if (condition === undefined || condition === false || condition === '') throw new Refusal(why)
}

export function referenceVerdict(request: HttpRequest, options: ReferenceOptions): Verdict {
  try {
    return judge(request, options)
  } catch (error) {
    if (error instanceof Refusal) return { accepted: false, why: error.message }
    throw error
  }
}

function judge(request: HttpRequest, options: ReferenceOptions): Accepted {
  const names = request.headers.map(([name]) => name.toLowerCase())
  for (const name of names) {
    refuseUnless(!ONCE.test(name) || names.indexOf(name) === names.lastIndexOf(name), `${name} twice`)
  }
  for (const name of ['upgrade', 'trailer']) refuseUnless(!names.includes(name), name)
  refuseUnless(names.includes('host'), 'no host')
  const [path = '', query = ''] = request.target.split(/\?(.*)/s)
  const claim = claimOf(request, query)
  const secret = options.secrets.get(claim.accessKeyId)
  refuseUnless(secret, 'nobody has this key')
  const parts = claim.scope.split('/')
  const sigv4a = claim.algorithm.includes('ECDSA')
  refuseUnless(parts.length === (sigv4a ? 3 : 4) && parts.at(-1) === 'aws4_request', 'scope')
  const service = parts.at(-2) ?? ''
  checkTime(claim, parts[0] ?? '', service, options.nowMs)
  checkToken(request, query, claim.accessKeyId, options)
  checkSigned(names, claim)
  const payload = payloadOf(request, query, claim, service)
  const presigned = claim.expiresSeconds !== undefined
  const { signedHeaders } = claim
  const { spoilt, free } = judgeFields(request, { service, signedHeaders, presigned, payload })
  if (spoilt !== undefined) throw new Refusal(spoilt)
  const leftOut = claim.expiresSeconds === undefined ? [] : ['X-Amz-Signature']
  const canonical = slowCanonical(
    { ...request, path, query, headers: request.headers.flat() },
    {
      signedHeaders: claim.signedHeaders,
      exactPath: S3_FAMILY.includes(service),
      leftOut,
      ...(payload === undefined ? {} : { payload }),
    },
  )
  const stringToSign = [claim.algorithm, claim.amzDate, claim.scope, sha256(canonical)].join('\n')
  const matches = matcherOf(claim, secret, parts)
  refuseUnless(matches(stringToSign, claim.signature), 'signature')
  const chain = {
    algorithm: claim.algorithm,
    amzDate: claim.amzDate,
    scope: claim.scope,
    seed: claim.signature,
    matches,
  }
  const data = dataOf(request, payload, chain, service)
  refuseUnless(data, 'body')
  return {
    accepted: true,
    service,
    signedHeaders,
    presigned,
    free,
    data,
  }
}

function claimOf(request: HttpRequest, query: string): Claim {
  const [header] = valuesOf(request, 'authorization')
  const pairs = query.split('&').map((pair) => {
    const equals = pair.indexOf('=')
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    return [decode(name), decode(value)] as const
  })
  const auth = pairs.filter(([name]) =>
    /^x-amz-(algorithm|credential|date|expires|region-set|security-token|signature|signedheaders)$/i.test(
      name,
    ),
  )
  refuseUnless(!pairs.some(([name]) => /^awsaccesskeyid$/i.test(name)), 'version 2')
  if (auth.length === 0) {
    refuseUnless(header, 'no credential')
    const [, algorithm, credential = '', names = '', signature = ''] =
      /^(AWS4-HMAC-SHA256|AWS4-ECDSA-P256-SHA256) Credential=([^, ]+), *SignedHeaders=([^, ]+), *Signature=([0-9a-f]+)$/.exec(
        header,
      ) ?? []
    refuseUnless(algorithm, 'authorization')
    const amzDate = valuesOf(request, 'x-amz-date')[0] ?? amzDateOf(valuesOf(request, 'date')[0], names)
    return {
      algorithm,
      ...credentialOf(credential),
      signedHeaders: names.split(';'),
      signature,
      amzDate,
      expiresSeconds: undefined,
    }
  }
  refuseUnless(header === undefined, 'signed twice')
  const one = (name: string): string => {
    const given = auth.filter(([each]) => each.toLowerCase() === name.toLowerCase())
    refuseUnless(given.length === 1 && given[0]?.[0] === name, name)
    return given[0]?.[1] ?? ''
  }
  return {
    algorithm: one('X-Amz-Algorithm'),
    ...credentialOf(one('X-Amz-Credential')),
    signedHeaders: one('X-Amz-SignedHeaders').split(';'),
    signature: one('X-Amz-Signature'),
    amzDate: one('X-Amz-Date'),
    expiresSeconds: Number(one('X-Amz-Expires')),
  }
}

function credentialOf(text: string): { accessKeyId: string; scope: string } {
  const slash = text.indexOf('/')
  return { accessKeyId: text.slice(0, slash), scope: text.slice(slash + 1) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refusal('encoding of the query')
  }
}

/** A signed Date header may stand for x-amz-date. */
function amzDateOf(date: string | undefined, signedHeaders: string): string {
  refuseUnless(date !== undefined && signedHeaders.split(';').includes('date'), 'no date')
  return new Date(date).toISOString().replace(/[-:]|\.\d+/g, '')
}

function checkTime({ amzDate, expiresSeconds }: Claim, day: string, service: string, nowMs: number): void {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate) ?? []
  refuseUnless(y !== undefined && amzDate.startsWith(day), 'date')
  const ageMs = nowMs - Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s))
  // A minute more than the proxy: it judged at arrival, this judges later.
  const skewMs = (S3_FAMILY.includes(service) ? 16 : 6) * 60_000
  if (expiresSeconds === undefined) refuseUnless(Math.abs(ageMs) <= skewMs, 'clock')
  else {
    refuseUnless(
      Number.isInteger(expiresSeconds) && expiresSeconds >= 1 && expiresSeconds <= 604_800,
      'expires',
    )
    refuseUnless(ageMs >= -skewMs && ageMs <= (expiresSeconds + 60) * 1000, 'expired')
  }
}

function checkToken(
  request: HttpRequest,
  query: string,
  accessKeyId: string,
  { tokens }: ReferenceOptions,
): void {
  refuseUnless(valuesOf(request, 'x-amz-s3session-token').length === 0, 'session of S3 Express')
  const inQuery = /(?:^|&)X-Amz-(?:Security|S3session)-Token=([^&]*)/i.exec(query)?.[1]
  const given =
    valuesOf(request, 'x-amz-security-token')[0] ?? (inQuery === undefined ? undefined : decode(inQuery))
  refuseUnless(given === tokens?.get(accessKeyId), 'session token')
}

function checkSigned(names: readonly string[], { signedHeaders }: Claim): void {
  refuseUnless(
    signedHeaders.join() === [...new Set(signedHeaders)].toSorted().join(),
    'order of signed headers',
  )
  refuseUnless(signedHeaders.includes('host'), 'host is not signed')
  for (const name of signedHeaders) refuseUnless(names.includes(name), `${name} is missing`)
}

/** What stands for the body in the canonical request; undefined for the hash of the body itself. */
function payloadOf(request: HttpRequest, query: string, claim: Claim, service: string): string | undefined {
  const hoisted = /(?:^|&)x-amz-content-sha256=([^&]*)/i.exec(query)?.[1]
  const given = valuesOf(request, 'x-amz-content-sha256')
  const declared = given[0] ?? (claim.expiresSeconds === undefined ? undefined : hoisted)
  if (declared !== undefined) return declared
  if (!S3_FAMILY.includes(service)) return undefined
  refuseUnless(claim.expiresSeconds !== undefined, 'S3 without a payload hash')
  return 'UNSIGNED-PAYLOAD'
}

function dataOf(
  request: HttpRequest,
  payload: string | undefined,
  chain: Chain,
  service: string,
): Buffer | undefined {
  const { body } = request
  if (payload === undefined || payload === sha256(body)) return body
  const s3 = S3_FAMILY.includes(service)
  if (payload === 'UNSIGNED-PAYLOAD') return s3 ? body : undefined
  const [, signed, trailing] =
    /^STREAMING-(AWS4-[A-Z0-9-]+-PAYLOAD|UNSIGNED-PAYLOAD)(-TRAILER)?$/.exec(payload) ?? []
  if (!s3 || signed === undefined) return undefined
  const isSigned = signed !== 'UNSIGNED-PAYLOAD'
  if (isSigned ? signed !== `${chain.algorithm}-PAYLOAD` : trailing === undefined) return undefined
  const [length = ''] = valuesOf(request, 'x-amz-decoded-content-length')
  const named = valuesOf(request, 'x-amz-trailer').flatMap((each) => each.split(','))
  if (!/^\d+$/.test(length) || named.length > 0 !== (trailing !== undefined)) return undefined
  return readAwsChunked(body, {
    decodedLength: Number(length),
    trailers: named.map((each) => each.trim().toLowerCase()),
    chain: isSigned ? chain : undefined,
  })
}

function sha256(data: string | Buffer): string {
  return createHash('sha256')
    .update(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)
    .digest('hex')
}

function matcherOf({ algorithm, accessKeyId, signature }: Claim, secret: string, scope: readonly string[]) {
  if (algorithm === 'AWS4-HMAC-SHA256') {
    refuseUnless(/^[0-9a-f]{64}$/.test(signature), 'form of the signature')
    const key = scope.reduce<Buffer>(
      (each, part) => createHmac('sha256', each).update(part).digest(),
      Buffer.from(`AWS4${secret}`),
    )
    return (text: string, claimed: string): boolean =>
      createHmac('sha256', key).update(text, 'latin1').digest('hex') === claimed
  }
  refuseUnless(algorithm === 'AWS4-ECDSA-P256-SHA256', 'algorithm')
  const key = ecdsaKeys(accessKeyId, secret).publicKey
  return (text: string, claimed: string): boolean =>
    verifyWithKey('sha256', Buffer.from(text, 'latin1'), key, Buffer.from(claimed, 'hex'))
}
