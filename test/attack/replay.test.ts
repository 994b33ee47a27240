/** A copied request: what whoever saw one on its way could do with it. */
import { describe, expect, it } from 'vitest'
import { recordedProxy } from '../support/recorded.ts'
import { dynamodbCall, send, signed, type RawAnswer, type RawRequest } from '../support/raw-http.ts'

describe('replay', () => {
  const running = recordedProxy()

  const withId = (request: RawRequest, id: string): RawRequest => ({
    ...request,
    headers: { ...request.headers, 'amz-sdk-invocation-id': id },
  })
  /** What each answer was, and how many came through to the upstream. */
  async function outcome(answers: readonly Promise<RawAnswer>[], before: number) {
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    return {
      statuses: statuses.toSorted((a, b) => a - b),
      forwarded: running.upstream.recorded.length - before,
    }
  }

  it('forwards a changing call once, and says so in the words of a retry', async () => {
    const before = running.upstream.recorded.length
    const call = await dynamodbCall(running.proxy.url, 'DeleteTable', { TableName: 'once' })
    expect((await send(running.proxy.url, call)).status).toBe(200)
    const copy = await send(running.proxy.url, call)
    expect(copy.status).toBe(503)
    expect(copy.body.toString()).toContain('ServiceUnavailable')
    expect(copy.body.toString()).toContain('To repeat the call, sign it again')
    expect(running.upstream.recorded.length - before).toBe(1)
    const { reason, decision } = await running.proxy.decision(String(copy.headers['x-moderato-request-id']))
    expect({ reason, decision }).toEqual({ reason: 'replayed', decision: 'deny' })
  })

  it('forwards one of many copies that come together', async () => {
    const before = running.upstream.recorded.length
    const call = await dynamodbCall(running.proxy.url, 'DeleteTable', { TableName: 'together' })
    const { statuses, forwarded } = await outcome(
      Array.from({ length: 20 }, () => send(running.proxy.url, call)),
      before,
    )
    expect(forwarded).toBe(1)
    expect(statuses).toEqual([200, ...Array(19).fill(503)])
  })

  it('forwards equal calls of one second, each with an id of its own', async () => {
    const before = running.upstream.recorded.length
    const call = await dynamodbCall(running.proxy.url, 'PutItem', { TableName: 't', Item: { k: { S: '1' } } })
    const calls = ['one', 'two', 'three', 'two'].map((id) => send(running.proxy.url, withId(call, id)))
    expect(await outcome(calls, before)).toEqual({ statuses: [200, 200, 200, 503], forwarded: 3 })
  })

  it('refuses a new id on a signature that is some seconds old', async () => {
    const before = running.upstream.recorded.length
    const request = {
      method: 'POST',
      target: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'DynamoDB_20120810.DeleteTable',
      },
      body: '{"TableName":"old"}',
    }
    const call = await signed(running.proxy.url, request, {
      service: 'dynamodb',
      signedAt: new Date(Date.now() - 10_000),
    })
    const answers = []
    for (const id of ['one', 'two', 'three']) answers.push(await send(running.proxy.url, withId(call, id)))
    expect(answers.map(({ status }) => status)).toEqual([200, 503, 503])
    expect(running.upstream.recorded.length - before).toBe(1)
  })

  it('lets a read be repeated', async () => {
    const call = await dynamodbCall(running.proxy.url, 'ListTables', {})
    for (let i = 0; i < 3; i++) expect((await send(running.proxy.url, call)).status).toBe(200)
  })

  it('takes a call whose answer was lost as made', async () => {
    const call = await dynamodbCall(running.proxy.url, 'DeleteTable', { TableName: 'later' })
    running.upstream.answer = (_recorded, reply) => reply.destroy()
    expect((await send(running.proxy.url, call)).status).toBe(503)
    // It was forwarded, whatever became of it: AWS may have acted.
    running.upstream.answer = (_recorded, reply) => reply.end('{}')
    expect((await send(running.proxy.url, call)).status).toBe(503)
    expect(
      (await send(running.proxy.url, await dynamodbCall(running.proxy.url, 'ListTables', {}))).status,
    ).toBe(200)
  })
})
