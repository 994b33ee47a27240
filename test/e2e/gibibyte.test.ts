/** 1 GiB through the proxy (a quarter, unless thorough), between two sockets that hold none of it: what is held is the proxy's. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { headText, signed } from '../support/raw-http.ts'
import { sized } from '../support/sample.ts'
import { hmacSigner, signedPieces } from '../sigv4/chunk-bodies.ts'

/** Four times what the proxy may grow by, at the least. */
const LARGE_BYTES = sized(2 ** 30, 2 ** 28)
const GIBIBYTES = LARGE_BYTES / 2 ** 30
const BLOCK = Buffer.alloc(64 * 1024, 'some bytes of an object, ')
const BLOCKS = LARGE_BYTES / BLOCK.length
const MAX_GROWTH_BYTES = 64 * 2 ** 20

function* blocks(count = BLOCKS): Generator<Buffer> {
  for (let i = 0; i < count; i += 1) yield BLOCK
}

async function write(socket: Socket, pieces: Iterable<Buffer>): Promise<void> {
  for (const piece of pieces) if (!socket.write(piece)) await once(socket, 'drain')
}

/** Counts what it gets, and answers a GET with as much. */
function serve(socket: Socket, counted: (bytes: number) => void): void {
  let leftBytes = -1
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    let bytes = chunk.length
    if (leftBytes < 0) {
      const end = chunk.indexOf('\r\n\r\n')
      const head = chunk.toString('latin1', 0, end)
      if (head.startsWith('GET')) {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${LARGE_BYTES}\r\n\r\n`)
        void write(socket, blocks()).catch(() => undefined)
        return
      }
      bytes -= end + 4
      leftBytes = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1])
    }
    leftBytes -= bytes
    counted(bytes)
    if (leftBytes > 0) return
    leftBytes = -1
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  })
}

describe('1 GiB', () => {
  let upstream: Server
  let proxy: Proxy
  let arrivedBytes = 0
  let beforeBytes = 0

  beforeAll(async () => {
    upstream = createServer((socket) => serve(socket, (bytes) => (arrivedBytes += bytes))).listen(
      0,
      '127.0.0.1',
    )
    await once(upstream, 'listening')
    proxy = await startProxy({ upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` })
    // What a small call of each kind needs is no growth of the large ones.
    for (const each of [declared, chunks]) await each('warm', 16)
    beforeBytes = proxy.peakMemoryBytes()
  })
  afterAll(async () => {
    await proxy?.stop()
    upstream?.close()
  })

  async function put(
    key: string,
    headers: Record<string, string>,
    body: (authorization: string, date: string) => Iterable<Buffer>,
  ): Promise<void> {
    const head = await signed(
      proxy.url,
      { method: 'PUT', target: `/bucket/${key}`, headers },
      { service: 's3' },
    )
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1')
    socket.write(headText(head))
    const answered = once(socket, 'data')
    await write(socket, body(head.headers['authorization'] ?? '', head.headers['x-amz-date'] ?? ''))
    expect(String((await answered)[0])).toMatch(/^HTTP\/1.1 200 /)
    socket.destroy()
  }

  function declared(key: string, count: number): Promise<void> {
    const sum = createHash('sha256')
    for (const block of blocks(count)) sum.update(block)
    const length = String(count * BLOCK.length)
    return put(key, { 'x-amz-content-sha256': sum.digest('hex'), 'content-length': length }, () =>
      blocks(count),
    )
  }

  function chunks(key: string, count: number): Promise<void> {
    let lengthBytes = 0
    for (const piece of signedPieces(hmacSigner('any'), '', blocks(count))) lengthBytes += piece.length
    const headers = {
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'x-amz-decoded-content-length': String(count * BLOCK.length),
      'content-length': String(lengthBytes),
    }
    return put(key, headers, (authorization, date) => {
      const seed = authorization.slice(authorization.indexOf('Signature=') + 'Signature='.length)
      return signedPieces(hmacSigner(BUILDER.secretAccessKey, date), seed, blocks(count))
    })
  }

  function printed(what: string): number {
    const growthBytes = proxy.peakMemoryBytes() - beforeBytes
    console.info(`${GIBIBYTES} GiB ${what}: memory grew by ${(growthBytes / 2 ** 20).toFixed(1)} MiB`)
    return growthBytes
  }

  it('goes up with its hash declared, and is not held', async () => {
    arrivedBytes = 0
    await declared('whole', BLOCKS)
    expect(arrivedBytes).toBe(LARGE_BYTES)
    expect(printed('up, hash declared')).toBeLessThan(MAX_GROWTH_BYTES)
  })

  it('goes up in signed chunks, and is not held', async () => {
    arrivedBytes = 0
    await chunks('chunks', BLOCKS)
    expect(arrivedBytes).toBeGreaterThan(LARGE_BYTES)
    expect(printed('up, in signed chunks')).toBeLessThan(MAX_GROWTH_BYTES)
  })

  it('comes down, and is not held', async () => {
    const head = await signed(
      proxy.url,
      { method: 'GET', target: '/bucket/whole', headers: {} },
      { service: 's3' },
    )
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1')
    socket.write(headText(head))
    let bytes = 0
    for await (const chunk of socket) {
      bytes += (chunk as Buffer).length
      if (bytes >= LARGE_BYTES) break
    }
    expect(printed('down')).toBeLessThan(MAX_GROWTH_BYTES)
  })
})
