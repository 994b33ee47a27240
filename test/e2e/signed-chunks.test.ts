/** Uploads whose chunks are signed, as SDKs send them without TLS: to an upstream that checks every signature again. */
import { beforeAll, describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import type { Proxy } from '../support/proxy.ts'
import { headText, RawConnection, send, signed, type RawRequest } from '../support/raw-http.ts'
import type { Recorded, RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'
import {
  crc32Of,
  hmacSigner,
  readSignedBody,
  signedBody,
  signedFrames,
  type BodyParts,
} from '../sigv4/chunk-bodies.ts'

const UPSTREAM_SECRET = 'upstream-secret-that-no-agent-has'
const CHUNKS = [Buffer.alloc(70_000, 'a'), Buffer.alloc(65_536, 'b'), Buffer.from('the end')]
const DATA = Buffer.concat(CHUNKS)

interface Upload {
  /** The signed head; its content-length is that of the unchanged body. */
  readonly head: RawRequest
  readonly parts: BodyParts
  readonly body: Buffer
}

function partOf(text: string | undefined, name: string): string {
  return new RegExp(`${name}=([^,]+)`).exec(text ?? '')?.[1] ?? ''
}

async function upload(
  url: string,
  target: string,
  trailing: boolean,
  {
    method = 'PUT',
    ...fields
  }: { readonly method?: string; readonly [name: string]: string | undefined } = {},
): Promise<Upload> {
  const form = `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${trailing ? '-TRAILER' : ''}`
  const trailers = trailing ? [['x-amz-checksum-crc32', crc32Of(DATA)] as const] : undefined
  const shape = { chunks: CHUNKS, trailers }
  const lengthBytes = signedBody({ ...shape, signer: hmacSigner('any'), seed: '' }).length
  const headers = {
    'content-encoding': 'aws-chunked',
    'content-length': String(lengthBytes),
    'x-amz-content-sha256': form,
    'x-amz-decoded-content-length': String(DATA.length),
    ...(trailing ? { 'x-amz-trailer': 'x-amz-checksum-crc32' } : {}),
    ...fields,
  } as Record<string, string>
  const head = await signed(url, { method, target, headers }, { service: 's3' })
  const signer = hmacSigner(BUILDER.secretAccessKey, head.headers['x-amz-date'])
  const parts = { ...shape, signer, seed: partOf(head.headers['authorization'], 'Signature') }
  return { head, parts, body: signedBody(parts) }
}

describe('an upload in signed chunks', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy

  beforeAll(async () => {
    const scene = await openScene({
      answer: (_recorded, reply) => reply.end(),
      settings: { limits: { chunkBytes: 100_000, bufferedAgentBytes: 10_000_000 } },
    })
    ;({ upstream, proxy } = scene)
    return scene.stop
  })

  it.each([false, true])('is signed anew, chunk by chunk (trailers: %s)', async (trailing) => {
    const { head, body } = await upload(proxy.url, '/bucket/whole', trailing)
    const answer = await send(proxy.url, { ...head, body })
    expect(answer.status).toBe(200)
    const { headers, body: arrived } = upstream.recorded.at(-1) as Recorded
    expect(headers['content-length']).toBe(String(body.length))
    const signer = hmacSigner(UPSTREAM_SECRET, String(headers['x-amz-date']))
    const seed = partOf(String(headers['authorization']), 'Signature')
    expect(readSignedBody(arrived, signer, seed).equals(DATA)).toBe(true)
    expect(arrived.equals(body)).toBe(false)
  })

  it('comes through inside HTTP chunked coding too', async () => {
    const { head, body } = await upload(proxy.url, '/bucket/chunked', true, {
      'content-length': undefined,
      'transfer-encoding': 'chunked',
    })
    const before = upstream.recorded.length
    const connection = await RawConnection.open(proxy.url)
    const { 'content-length': _dropped, ...headers } = head.headers
    connection.write(headText({ ...head, headers }))
    for (let at = 0; at < body.length; at += 10_000) {
      const piece = body.subarray(at, at + 10_000)
      connection.write(`${piece.length.toString(16)}\r\n`)
      connection.write(Buffer.concat([piece, Buffer.from('\r\n')]))
    }
    connection.write('0\r\n\r\n')
    expect(await connection.until(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 200 /)
    connection.close()
    expect(upstream.recorded.length).toBe(before + 1)
  })

  it('never becomes whole upstream if a chunk was changed, at any place', async () => {
    const before = upstream.recorded.length
    const { parts } = await upload(proxy.url, '/bucket/x', true)
    const places = signedFrames(parts).length
    for (let place = 0; place < places; place++) {
      const { head, parts: fresh } = await upload(proxy.url, `/bucket/changed-${place}`, true)
      const frames = signedFrames(fresh)
      const frame = frames[place] as Buffer
      const at = frame.length - 10
      frame[at] = (frame[at] as number) ^ 1
      const answer = await send(proxy.url, { ...head, body: Buffer.concat(frames) }).catch(() => undefined)
      expect(answer?.status ?? 400).toBe(400)
    }
    expect(places).toBe(5)
    expect(upstream.recorded.length).toBe(before)
  })

  it('never becomes whole upstream if it ends early', async () => {
    const before = upstream.recorded.length
    const { head, parts } = await upload(proxy.url, '/bucket/early', false)
    const connection = await RawConnection.open(proxy.url)
    connection.write(headText(head))
    for (const frame of signedFrames(parts).slice(0, -2)) connection.write(frame)
    connection.socket.end()
    await connection.until(/never/)
    await proxy.record((line) => line.reason === 'client_gone')
    expect(upstream.recorded.length).toBe(before)
  })

  it('is refused with 413 if a chunk is larger than limits.chunkBytes', async () => {
    const big = { chunks: [Buffer.alloc(100_001)], trailers: undefined }
    const lengthBytes = signedBody({ ...big, signer: hmacSigner('any'), seed: '' }).length
    const headers = {
      'content-length': String(lengthBytes),
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'x-amz-decoded-content-length': '100001',
    }
    const head = await signed(proxy.url, { method: 'PUT', target: '/bucket/big', headers }, { service: 's3' })
    const signer = hmacSigner(BUILDER.secretAccessKey, head.headers['x-amz-date'])
    const seed = partOf(head.headers['authorization'], 'Signature')
    const before = upstream.recorded.length
    const answer = await send(proxy.url, { ...head, body: signedBody({ ...big, signer, seed }) })
    expect(answer.status).toBe(413)
    expect(answer.body.toString()).toContain('limits.chunkBytes')
    expect(upstream.recorded.length).toBe(before)
  })

  it('is no way to send what is read: a DeleteObjects in chunks is refused', async () => {
    const { head, body } = await upload(proxy.url, '/bucket?delete=', false, { method: 'POST' })
    const answer = await send(proxy.url, { ...head, body })
    expect(answer.status).toBe(403)
    expect(answer.body.toString()).toContain('Only uploads to S3 may use aws-chunked')
  })
})
