import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { createAgentsServer } from '../../../proxy/server/agent-listener.ts'
import { Denial } from '../../../proxy/core/denial/denial.ts'
import type { Received } from '../../../proxy/exchange/exchange.ts'
import { BufferBudget } from '../../../proxy/core/buffer-budget.ts'
import { OpenConnections } from '../../../proxy/core/open-connections.ts'
import { BEGIN, data, headers, reset } from '../../support/http2-frames.ts'
import { receive } from '../../../proxy/server/receive/receive.ts'
import { checkHead } from '../../../proxy/stages/check-head.ts'

let server: Server | undefined
const limits = { bufferedBodyBytes: 64, bodyMinBytesPerSecond: 1, bodyPauseMs: 60_000 }

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** Serves on loopback; answers with the target, or with the reason of a denial. */
async function serve(
  act: (received: Received) => Promise<string>,
  budget = new BufferBudget({ bufferedTotalBytes: 1000, bufferedAgentBytes: 100 }),
): Promise<number> {
  const connections = new OpenConnections(100)
  const received = receive({ clock: { nowMs: () => 0 }, limits, budget, connections })
  server = createAgentsServer({
    received,
    run: async (exchange) => {
      try {
        exchange.reply.end(await act(checkHead()(exchange)))
      } catch (error) {
        exchange.reply.end(error instanceof Denial ? error.reason : String(error))
      }
    },
    headersTimeoutMs: 5_000,
    headerBytes: 4096,
    connections,
    streamsPerConnection: 10,
    unreadable: () => 'r',
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** What comes back for raw bytes on one connection, until it ends. */
async function raw(port: number, text: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
  socket.on('error', () => undefined)
  socket.write(text, 'latin1')
  await once(socket, 'close')
  return answer
}

const head = (line: string, ...fields: string[]) =>
  [line, 'host: x', 'connection: close', ...fields, '', ''].join('\r\n')
const bodyOf = async (received: Received): Promise<string> => (await received.body.bytes()).toString()

describe('receive', () => {
  it.each(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0'])(
    'refuses %s spoken as if it were HTTP/1.1',
    async (version) => {
      const port = await serve(async () => 'served')
      expect(await raw(port, head(`GET / ${version}`))).toContain('malformed_request')
    },
  )

  it('keeps the request target byte for byte', async () => {
    const port = await serve(async ({ path, query }) => `${path} and ${query}`)
    expect(await raw(port, head('GET //a/../%41+b%2F?x=1&x=?&y HTTP/1.1'))).toMatch(
      /\/\/a\/\.\.\/%41\+b%2F and x=1&x=\?&y$/,
    )
  })

  it.each([
    ['absolute form', 'GET http://evil.example/ HTTP/1.1'],
    ['a method that no service knows', 'PROPFIND / HTTP/1.1'],
    ['TRACE', 'TRACE / HTTP/1.1'],
    ['a fragment', 'GET /a#b HTTP/1.1'],
  ])('refuses %s', async (_, line) => {
    const port = await serve(bodyOf)
    expect(await raw(port, head(line))).toMatch(/malformed_request$/)
  })

  it.each([
    ['two Host fields', ['host: y']],
    ['an upgrade', ['upgrade: websocket']],
    ['announced trailers', ['trailer: x-amz-meta-a', 'transfer-encoding: chunked']],
    ['a coding beside chunked', ['transfer-encoding: gzip, chunked']],
    ['two content types', ['content-type: a/b', 'content-type: c/d']],
  ])('refuses %s', async (_, fields) => {
    const port = await serve(bodyOf)
    expect(await raw(port, `${head('POST / HTTP/1.1', ...fields)}0\r\n\r\n`)).toMatch(
      /malformed_request$|^HTTP\/1.1 400/,
    )
  })

  it.each([
    ['Content-Length beside Transfer-Encoding', ['content-length: 3', 'transfer-encoding: chunked']],
    ['two lengths', ['content-length: 3', 'content-length: 4']],
    ['a folded field', ['x-amz-meta-a: b', '  c']],
    ['a bare line feed in a field', ['x-amz-meta-a: b\nhost: y']],
  ])('leaves no second reading of %s', async (_, fields) => {
    const seen: string[] = []
    const port = await serve(async (received) => {
      seen.push(await bodyOf(received))
      return 'served'
    })
    expect(await raw(port, `${head('POST / HTTP/1.1', ...fields)}3\r\nabc\r\n0\r\n\r\n`)).not.toContain(
      'served',
    )
    expect(seen).toEqual([])
  })

  it('refuses CONNECT without a tunnel', async () => {
    const port = await serve(bodyOf)
    expect(await raw(port, 'CONNECT 169.254.169.254:80 HTTP/1.1\r\nhost: x\r\n\r\n')).toMatch(
      /^HTTP\/1.1 405/,
    )
  })

  it('refuses trailers that were not announced, after the body', async () => {
    const port = await serve(bodyOf)
    const text = `${head('POST / HTTP/1.1', 'transfer-encoding: chunked')}3\r\nabc\r\n0\r\nx-amz-acl: public\r\n\r\n`
    expect(await raw(port, text)).toMatch(/malformed_request$/)
  })

  it('answers Expect: 100-continue only when the body is wanted', async () => {
    const wanted = await serve(bodyOf)
    const request = head('POST / HTTP/1.1', 'expect: 100-continue', 'content-length: 3')
    expect(await raw(wanted, `${request}abc`)).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200[^]*abc$/)
    server?.close()
    const unwanted = await serve(async () => 'no')
    expect(await raw(unwanted, request)).toMatch(/^HTTP\/1.1 200[^]*no$/)
  })

  it('refuses a body over the limit, declared or not', async () => {
    const port = await serve(bodyOf)
    const declared = head('POST / HTTP/1.1', 'content-length: 65')
    expect(await raw(port, `${declared}${'a'.repeat(65)}`)).toMatch(/body_too_large$/)
    const chunked = head('POST / HTTP/1.1', 'transfer-encoding: chunked')
    expect(await raw(port, `${chunked}41\r\n${'a'.repeat(65)}\r\n0\r\n\r\n`)).toMatch(/body_too_large$/)
  })

  it('gives the body that came in one packet with its head, and is asked for once more', async () => {
    const port = await serve(async (received) => {
      const first = await received.body.bytes()
      return `${first.toString()} ${(await received.body.bytes()) === first}`
    })
    expect(await raw(port, `${head('POST / HTTP/1.1', 'content-length: 4')}body`)).toMatch(/body true$/)
    const chunked = head('POST / HTTP/1.1', 'transfer-encoding: chunked')
    expect(await raw(port, `${chunked}2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n`)).toMatch(/body true$/)
    expect(await raw(port, `${chunked}0\r\n\r\n`)).toMatch(/ true$/)
  })

  it('gives the body of which more comes once it is waited for', async () => {
    const { promise: asked, resolve: waits } = Promise.withResolvers<void>()
    const port = await serve(async (received) => {
      const bytes = bodyOf(received)
      // After the turn in which the first packet came.
      setImmediate(() => setImmediate(waits))
      return bytes
    })
    const socket = connect(port, '127.0.0.1')
    socket.write(`${head('POST / HTTP/1.1', 'content-length: 8')}firs`)
    await asked
    socket.write('t+re')
    expect(await text(socket)).toMatch(/first\+re$/)
  })

  it('tells a client that left before its body was whole from one that sent it', async () => {
    const { promise: told, resolve: tell } = Promise.withResolvers<unknown>()
    const port = await serve(async (received) => {
      socket.destroy()
      await new Promise<void>((resolve) => received.client.gone.addEventListener('abort', resolve))
      return bodyOf(received).then(
        () => 'whole',
        (error: unknown) => {
          tell(error)
          throw error
        },
      )
    })
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`${head('POST / HTTP/1.1', 'content-length: 8')}firs`)
    expect(await told).toMatchObject({ reason: 'client_gone' })
  })

  const post = { ':method': 'POST', ':path': '/', ':scheme': 'http', ':authority': 'x' }
  it.each([
    ['before its body', [headers(1, post), reset(1)]],
    ['within its body', [headers(1, post), data(1, 'firs'), reset(1)]],
    ['after its body', [headers(1, post), data(1, 'first', true), reset(1)]],
    ['short of its length', [headers(1, { ...post, 'content-length': '9' }), data(1, 'firs', true)]],
  ])('hears of a stream that ends %s, in one packet with its head', async (_when, frames) => {
    const budget = new BufferBudget({ bufferedTotalBytes: 1000, bufferedAgentBytes: 100 })
    const { promise: told, resolve: tell } = Promise.withResolvers<unknown>()
    const port = await serve(async (received) => {
      await bodyOf(received).then(() => tell('whole'), tell)
      return ''
    }, budget)
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(Buffer.concat([BEGIN, ...frames]))
    expect(await told).toMatchObject({ reason: 'client_gone' })
    expect(budget.heldBytes).toBe(0)
    socket.destroy()
  })

  it('bounds the bytes held for one owner, and gives them back', async () => {
    const budget = new BufferBudget({ bufferedTotalBytes: 1000, bufferedAgentBytes: 10 })
    const port = await serve(bodyOf, budget)
    const request = head('POST / HTTP/1.1', 'content-length: 11')
    expect(await raw(port, `${request}${'a'.repeat(11)}`)).toMatch(/overloaded$/)
    expect(await raw(port, `${head('POST / HTTP/1.1', 'content-length: 10')}${'a'.repeat(10)}`)).toMatch(
      /aaaaaaaaaa$/,
    )
    expect(budget.heldBytes).toBe(0)
  })
})
