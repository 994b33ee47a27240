/** Connections to a service that break: what is sent again, what is not, and what the agent is told. */
import { DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { DeleteObjectCommand, GetObjectCommand, HeadBucketCommand } from '@aws-sdk/client-s3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import { freePort } from '../support/free-port.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { answering, RawUpstream, type RawAnswering } from '../support/raw-upstream.ts'
import { refused } from './denial-check.ts'

const ONCE = { maxAttempts: 1 }
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'
const ok = answering(() => OK)

async function start(answer: RawAnswering): Promise<{ proxy: Proxy; upstream: RawUpstream }> {
  const upstream = await RawUpstream.start(answer)
  onTestFinished(() => upstream.stop())
  const proxy = await startProxy({ upstream: upstream.url })
  onTestFinished(() => proxy.stop())
  return { proxy, upstream }
}

/** Answers the first call of the first connection, and closes every connection as a further call comes on it. */
const closesKept: RawAnswering = (arrival) => {
  if (arrival.connection > 1 || arrival.request === 1) return ok(arrival)
  arrival.socket.destroy()
  return true
}

const get = new GetObjectCommand({ Bucket: 'bucket', Key: 'key' })

describe('a kept connection that closes as a call is sent on it', () => {
  it.each([
    ['GET', get],
    ['HEAD', new HeadBucketCommand({ Bucket: 'bucket' })],
  ])(
    'costs a read without a body nothing: %s is sent once more, on a new connection',
    async (_method, read) => {
      const { proxy, upstream } = await start(closesKept)
      const client = s3(proxy.url, BUILDER, ONCE)
      await client.send(get)
      await client.send(read as typeof get)
      expect(upstream.sockets).toHaveLength(2)
      expect(upstream.answered).toHaveLength(3)
      expect(await proxy.metric('moderato_denials_total')).toBe(0)
    },
  )

  it('is not tried a third time', async () => {
    const { proxy, upstream } = await start((arrival) => {
      if (arrival.connection === 1) return closesKept(arrival)
      arrival.socket.destroy()
      return true
    })
    const client = s3(proxy.url, BUILDER, ONCE)
    await client.send(get)
    expect(await thrownBy(client.send(get))).toMatchObject({ name: 'ServiceUnavailable', status: 503 })
    expect(upstream.sockets).toHaveLength(2)
  })

  it('repeats no change', async () => {
    const { proxy, upstream } = await start(closesKept)
    const client = s3(proxy.url, BUILDER, ONCE)
    await client.send(get)
    const remove = new DeleteObjectCommand({ Bucket: 'bucket', Key: 'key' })
    expect(await thrownBy(client.send(remove))).toMatchObject({ status: 503 })
    expect(upstream.answered.filter((line) => line.startsWith('DELETE'))).toHaveLength(1)
  })

  it('repeats no read with a body', async () => {
    const { proxy, upstream } = await start(closesKept)
    await s3(proxy.url, BUILDER, ONCE).send(get)
    const list = dynamodb(proxy.url, BUILDER, ONCE).send(new ListTablesCommand({}))
    expect(await thrownBy(list)).toMatchObject({ status: 503 })
    expect(upstream.answered).toHaveLength(2)
  })
})

describe('a new connection that closes without an answer', () => {
  it('is an answer lost: a read is not sent again', async () => {
    const { proxy, upstream } = await start((arrival) => {
      arrival.socket.end()
      return true
    })
    expect(await thrownBy(s3(proxy.url, BUILDER, ONCE).send(get))).toMatchObject({ status: 503 })
    expect(upstream.answered).toHaveLength(1)
  })
})

describe('upstream_unreachable', () => {
  const remove = new DeleteTableCommand({ TableName: 't' })
  const refusal = (proxy: Proxy) =>
    refused(proxy, 'upstream_unreachable', () => thrownBy(dynamodb(proxy.url, BUILDER, ONCE).send(remove)))

  it.each<[string, RawAnswering]>([
    ['at once', ({ socket }) => (socket.destroy(), true)],
    ['in the middle of a head', ({ socket }) => (socket.end('HTTP/1.1 200 OK\r\nx'), true)],
    [
      'in the middle of an error',
      ({ socket }) => (socket.end('HTTP/1.1 400 Bad\r\ncontent-length: 99\r\n\r\n{"__t'), true),
    ],
    ['after what is no HTTP', ({ socket }) => (socket.end('SSH-2.0-x\r\n'), true)],
  ])('says of a change that it may have been made, where the connection broke %s', async (_when, answer) => {
    const { proxy } = await start(answer)
    const { result } = await refusal(proxy)
    expect(result.message).toContain('it may have done the call. Check before you retry.')
    expect(result.message).not.toContain('could not be reached')
  })

  it('says of a change that never left that the service could not be reached', async () => {
    const proxy = await startProxy({ upstream: `http://127.0.0.1:${await freePort()}` })
    onTestFinished(() => proxy.stop())
    const { result } = await refusal(proxy)
    expect(result.message).toContain('could not be reached')
    expect(result.message).not.toContain('may have')
  })
})
