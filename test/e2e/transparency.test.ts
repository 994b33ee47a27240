import { createHash, randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { recordedProxy } from '../support/recorded.ts'
import type { Proxy } from '../support/proxy.ts'
import { dynamodbCall, headText, RawConnection, send, signed, type RawAnswer } from '../support/raw-http.ts'
import { answerEmptyJson, type RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'

/** Names of one connection's own fields, which every hop writes for itself (RFC 9110 7.6.1). */
const OF_THE_CONNECTION = /^(connection|keep-alive|transfer-encoding)$/i

const READ = { service: 's3', agent: BUILDER }

describe('what the proxy leaves as it is', () => {
  const running = recordedProxy()

  const get = async (target = '/bucket/key'): Promise<RawAnswer> =>
    send(running.proxy.url, await signed(running.proxy.url, { method: 'GET', target, headers: {} }, READ))

  it('relays status, reason, headers in their order and spelling, and body bytes, and adds only its own', async () => {
    const body = randomBytes(70_000)
    const fields = [
      'X-Odd-CASE',
      'one',
      'ETag',
      '"e"',
      'x-repeated',
      'a',
      'x-repeated',
      'b',
      'Content-Length',
      '70000',
    ]
    running.upstream.answer = (_, reply) => {
      reply.sendDate = false
      reply.writeHead(206, 'Some Of It', fields)
      reply.end(body)
    }
    const answer = await get()
    expect([answer.status, answer.statusText]).toEqual([206, 'Some Of It'])
    expect(answer.body.equals(body)).toBe(true)
    const [theirs, ours] = split(answer.rawHeaders)
    expect(theirs).toEqual(fields)
    expect(ours.filter((_, index) => index % 2 === 0)).toEqual([
      'x-moderato-request-id',
      'x-moderato-decision',
    ])
  })

  it.each([301, 307, 308, 400, 404, 500, 503])(
    'relays a %i with its location, and follows nothing',
    async (status) => {
      const location = 'http://169.254.169.254/latest/meta-data/'
      const before = running.upstream.recorded.length
      running.upstream.answer = (_, reply) => void reply.writeHead(status, { location }).end('elsewhere')
      const answer = await get()
      expect([answer.status, answer.headers.location, answer.body.toString()]).toEqual([
        status,
        location,
        'elsewhere',
      ])
      expect(running.upstream.recorded.length).toBe(before + 1)
    },
  )

  it('does not let an upstream speak in its name', async () => {
    running.upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'x-moderato-decision': 'deny', 'X-Moderato-Mode': 'observe' }).end()
    }
    const answer = await get()
    expect(answer.headers['x-moderato-decision']).toBe('allow')
    expect(answer.headers['x-moderato-mode']).toBeUndefined()
  })

  it("forwards target, body and fields byte for byte, and nothing of the agent's own signature", async () => {
    running.upstream.answer = answerEmptyJson
    const call = await dynamodbCall(running.proxy.url, 'PutItem', {
      TableName: 't',
      Item: { id: { S: 'ü ' } },
    })
    await send(running.proxy.url, call)
    const forwarded = running.upstream.recorded.at(-1)
    expect(forwarded).toMatchObject({ method: 'POST', target: '/' })
    expect(forwarded?.body.toString()).toBe(call.body)
    expect(forwarded?.headers['x-amz-target']).toBe('DynamoDB_20120810.PutItem')
    expect(forwarded?.headers['authorization']).toContain('Credential=AKIAUPSTREAM/')
    expect(JSON.stringify(forwarded?.headers)).not.toContain(BUILDER.accessKeyId)
  })

  it.each([
    ['/bucket//a/../b/./c%20d%2Fe%2B?partNumber=1&response-content-type=a%2Fb%20c', undefined],
    ['/bucket/..', undefined],
    ['/bucket/%E2%82%AC/', undefined],
    // What needs no escape, or has it in lower case, is one key to S3 and to the signature, however it is spelled.
    ['/bucket/%41%2f+', '/bucket/A%2F%2B'],
  ])('keeps the target %s as it was spelled', async (target, signedAs = target) => {
    running.upstream.answer = answerEmptyJson
    const call = await signed(running.proxy.url, { method: 'GET', target: signedAs, headers: {} }, READ)
    expect((await send(running.proxy.url, { ...call, target })).status).toBe(200)
    expect(running.upstream.recorded.at(-1)?.target).toBe(target)
  })

  it('streams an answer whose length nobody knows', async () => {
    const block = randomBytes(64 * 1024)
    const sum = createHash('sha256')
    running.upstream.answer = (_, reply) => {
      reply.writeHead(200)
      for (let i = 0; i < 64; i += 1) {
        reply.write(block)
        sum.update(block)
      }
      reply.end()
    }
    const answer = await get()
    expect(createHash('sha256').update(answer.body).digest('hex')).toBe(sum.digest('hex'))
  })

  it("cuts the connection where the upstream's answer breaks off, so that no client takes a part for the whole", async () => {
    running.upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-length': '1000' })
      reply.write('only this', () => reply.destroy())
    }
    await expect(get()).rejects.toThrow(/aborted|ECONNRESET|hang up/)
  })
})

describe('Expect: 100-continue', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy
  beforeAll(async () => {
    const scene = await openScene({ agents: [BUILDER] })
    ;({ upstream, proxy } = scene)
    return scene.stop
  })

  const body = randomBytes(100_000)
  const put = (target: string, agent = BUILDER, hash = createHash('sha256').update(body).digest('hex')) =>
    signed(
      proxy.url,
      {
        method: 'PUT',
        target,
        headers: { 'content-length': '100000', 'x-amz-content-sha256': hash },
        body,
      },
      { service: 's3', agent },
    )

  it('is answered by the proxy, and not relayed', async () => {
    const connection = await RawConnection.open(proxy.url)
    connection.write(headText(await put('/bucket/key'), 'expect: 100-continue'))
    expect(await connection.until(/\r\n\r\n/)).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    connection.write(body)
    expect(await connection.until(/HTTP\/1.1 200/)).toContain('x-moderato-decision: allow')
    connection.close()
    const forwarded = upstream.recorded.at(-1)
    expect(forwarded?.headers['expect']).toBeUndefined()
    expect(forwarded?.body.equals(body)).toBe(true)
  })

  it('costs a refused client no upload', async () => {
    const stranger = { ...BUILDER, secretAccessKey: 'not-the-secret' }
    const connection = await RawConnection.open(proxy.url)
    connection.write(headText(await put('/bucket/key', stranger), 'expect: 100-continue'))
    const answer = await connection.until(/<\/Error>/)
    connection.close()
    expect(answer).toMatch(/^HTTP\/1.1 403 /)
    expect(answer).not.toContain('100 Continue')
  })
})

/** The upstream's fields, and those that the proxy added; name, value, name, value. */
function split(raw: readonly string[]): [string[], string[]] {
  const theirs: string[] = []
  const ours: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = '', value = ''] = raw.slice(i, i + 2)
    if (!OF_THE_CONNECTION.test(name)) (name.startsWith('x-moderato-') ? ours : theirs).push(name, value)
  }
  return [theirs, ours]
}
