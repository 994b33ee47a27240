import { describe, expect, it } from 'vitest'
import {
  accept,
  EMPTY_SHA256,
  NOW_MS,
  presigned,
  received,
  refusal,
  type WireRequest,
} from '../../sigv4/signing.ts'

function refused(request: WireRequest, receivedAtMs = NOW_MS): Promise<string | undefined> {
  return refusal(received(request, receivedAtMs))
}

function adding(request: WireRequest, ...fields: string[]): WireRequest {
  return { ...request, headers: [...request.headers, ...fields] }
}

describe('verify: presigned URLs', () => {
  it('takes one of S3, whose body nothing signs', async () => {
    const verified = await accept(received(presigned({ query: 'versionId=1&x-amz-acl=private' })))
    expect(verified.payload).toEqual({ kind: 'unsigned' })
    expect(verified.reading.query).toBe('versionId=1')
    expect(verified.reading.headers.one('x-amz-acl')).toBe('private')
    expect(verified.query).toContain('X-Amz-Signature=')
  })

  it('takes one of another service, whose signature covers the body', async () => {
    const query = 'Action=GetCallerIdentity&Version=2011-06-15'
    const get = await accept(received(presigned({ path: '/', query }, { service: 'sts' })))
    expect(get.payload).toEqual({ kind: 'hashed', sha256: EMPTY_SHA256 })
    const body = Buffer.from('a=1')
    const post = presigned({ method: 'POST', path: '/', body }, { service: 'sts' })
    expect(await refused(post)).toBeUndefined()
    expect(await refused({ ...post, body: Buffer.from('a=2') })).toBe('bad_signature')
  })

  it('takes a body whose hash was signed, in a header or in the query', async () => {
    const sha256 = 'ab'.repeat(32)
    const inHeader = presigned(
      { method: 'PUT', headers: ['x-amz-content-sha256', sha256] },
      { payloadHash: sha256 },
    )
    const inQuery = presigned(
      { method: 'PUT', query: `X-Amz-Content-Sha256=${sha256}` },
      { payloadHash: sha256 },
    )
    for (const request of [inHeader, inQuery]) {
      const { payload } = await accept(received({ ...request, body: Buffer.from('b') }))
      expect(payload).toEqual({ kind: 'declared', sha256 })
    }
  })

  it('refuses a body in chunks', async () => {
    const form = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
    const headers = [
      'x-amz-content-sha256',
      form,
      'x-amz-decoded-content-length',
      '1',
      'x-amz-trailer',
      'x-amz-checksum-crc32',
    ]
    const request = presigned({ method: 'PUT', headers }, { payloadHash: form })
    expect(await refused(request)).toBe('unsupported_signature')
  })

  it('is good from its date to its end', async () => {
    const request = presigned({}, { expiresSeconds: 600 })
    expect(await refused(request, NOW_MS + 600_000)).toBeUndefined()
    expect(await refused(request, NOW_MS + 600_001)).toBe('expired_signature')
    expect(await refused(request, NOW_MS - 15 * 60_000)).toBeUndefined()
    expect(await refused(request, NOW_MS - 15 * 60_000 - 1)).toBe('clock_skew')
    const week = presigned({}, { expiresSeconds: 604_800 })
    expect(await refused(week, NOW_MS + 604_800_000)).toBeUndefined()
  })

  it('refuses a date that is none, or of another day than the scope', async () => {
    const request = presigned()
    for (const date of ['20260304T050607', '20260230T050607Z', '20260305T050607Z']) {
      const query = request.query.replace(/X-Amz-Date=[^&]+/, `X-Amz-Date=${date}`)
      expect(await refused({ ...request, query })).toBe('malformed_authorization')
    }
  })

  it.each(['x-amz-acl', 'X-Amz-Meta-A', 'x-amz-copy-source', 'x-amzn-other', 'smithy-protocol'])(
    'refuses an unsigned %s',
    async (name) => {
      expect(await refused(adding(presigned(), name, 'x'))).toBe('unsigned_header')
      expect(await refused(presigned({ headers: [name, 'x'] }))).toBeUndefined()
    },
  )

  it('lets its holder add what describes the object, which then decides nothing', async () => {
    const request = adding(presigned({ method: 'PUT' }), 'Content-Type', 'text/plain', 'If-None-Match', '*')
    const { reading } = await accept(received(request))
    expect(reading.headers.has('content-type')).toBe(false)
    expect(reading.headers.has('if-none-match')).toBe(false)
  })

  it('drops what a browser adds', async () => {
    const names = [
      'Cookie',
      'Upgrade-Insecure-Requests',
      'DNT',
      'Priority',
      'X-Requested-With',
      'X-HTTP-Method-Override',
    ]
    const request = adding(presigned(), ...names.flatMap((name) => [name, '1']), 'Range', 'bytes=0-1')
    const { headers, reading } = await accept(received(request))
    expect([...headers.names()]).toEqual(['host', 'range'])
    expect([...reading.headers.names()]).toEqual(['host'])
  })

  it('refuses a header beside itself in the query', async () => {
    const request = presigned({ query: 'x-amz-acl=private', headers: ['x-amz-acl', 'public-read'] })
    expect(await refused(request)).toBe('malformed_request')
  })

  it('refuses a foreign session token that was moved into the query', async () => {
    expect(await refused(presigned({ query: 'X-Amz-S3session-Token=t' }))).toBe('unknown_credential')
    expect(await refused(presigned({ query: 'X-Amz-Security-Token=t' }))).toBe('unknown_credential')
  })

  it('refuses line breaks in a header that was moved into the query', async () => {
    expect(await refused(presigned({ query: 'x-amz-acl=a%0d%0ax-amz-b%3a1' }))).toBe('malformed_request')
  })

  it('refuses every change of its query', async () => {
    const request = presigned({ query: 'versionId=1&x-amz-acl=private' })
    const reasons = new Map<string, number>()
    let changes = 0
    for (let at = 0; at < request.query.length; at++) {
      const code = request.query.charCodeAt(at)
      for (const bit of [1, 2, 4, 32]) {
        const changed = String.fromCharCode(code ^ bit)
        if (!/[!-~]/.test(changed)) continue
        const query = request.query.slice(0, at) + changed + request.query.slice(at + 1)
        // The one change without a meaning: hexadecimal digits of an encoding in lower case.
        if (/%[0-9A-Fa-f]{2}/.test(query) && decodeSame(query, request.query)) continue
        changes += 1
        const reason = (await refused({ ...request, query })) ?? 'ACCEPTED'
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      }
    }
    expect(reasons.get('ACCEPTED')).toBeUndefined()
    expect(changes).toBeGreaterThan(1_000)
  })
})

function decodeSame(one: string, other: string): boolean {
  try {
    return decodeURIComponent(one) === decodeURIComponent(other) && one.length === other.length
  } catch {
    return false
  }
}
