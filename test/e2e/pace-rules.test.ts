import { DeleteBucketCommand, HeadBucketCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { BUILDER, type TestAgent } from '../support/agents.ts'
import { s3, thrownBy } from '../support/clients.ts'
import { UNHURRIED_PACING, type Proxy } from '../support/proxy.ts'
import { dynamodbCall, send, signed } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'

const OTHER = { ...BUILDER, id: 'spiffe://example.org/agent/other', accessKeyId: 'AKIDOTHER' }
const ONCE = { maxAttempts: 1 }

let upstream: RecordingUpstream
let proxy: Proxy

async function start(pacing: object, agents: readonly TestAgent[] = [BUILDER, OTHER]): Promise<void> {
  ;({ upstream, proxy } = await startScene({
    agents,
    settings: { pacing: { ...UNHURRIED_PACING, ...pacing } },
  }))
}

const deleteTable = async (name: string, agent = BUILDER) =>
  send(proxy.url, await dynamodbCall(proxy.url, 'DeleteTable', { TableName: name }, agent))

const rule = {
  name: 'fleet-destructive',
  classes: ['destructive'],
  per: ['fleet'],
  rate: '1/h',
  burst: 2,
  maxWait: '0s',
}

describe('pace rules', () => {
  it('hold all agents to one budget, over services, and name the rule', async () => {
    await start({ rules: [rule] })
    expect((await deleteTable('a')).status).toBe(200)
    expect((await deleteTable('b', OTHER)).status).toBe(200)
    const thrown = await thrownBy(
      s3(proxy.url, OTHER, ONCE).send(new DeleteBucketCommand({ Bucket: 'bucket' })),
    )
    expect(thrown).toMatchObject({ name: 'SlowDown', status: 503 })
    expect(thrown.message).toContain(
      'Rule fleet-destructive (per fleet; destructive) is 1/h, at most 2 at once',
    )
    expect(upstream.recorded).toHaveLength(2)
  })

  it('that observe let everything go, and say in answer and record what they would have done', async () => {
    await start({ rules: [{ ...rule, mode: 'observe', burst: 1 }] })
    expect((await deleteTable('a')).headers['x-moderato-would']).toBeUndefined()
    const { status, headers } = await deleteTable('b')
    expect([status, headers['x-moderato-would'], headers['x-moderato-mode']]).toEqual([
      200,
      'paced; rules=fleet-destructive',
      undefined,
    ])
    const record = await proxy.decision(String(headers['x-moderato-request-id']))
    expect(record).toMatchObject({
      decision: 'allow',
      wouldThrottle: 'paced',
      wouldRules: ['fleet-destructive'],
    })
  })
})

describe('dwell', () => {
  const remove = (Bucket: string, agent = BUILDER) =>
    thrownBy(s3(proxy.url, agent, ONCE).send(new DeleteBucketCommand({ Bucket })))
  const firstSeen = (message: string): number => Number(/first seen (\d+) s ago/.exec(message)?.[1])

  it('is not aged by calls that are refused: not granted, malformed, badly signed, or by another agent', async () => {
    const reads = { classes: ['read', 'list'], resources: ['arn:aws:s3:::open'] }
    const destroys = { classes: ['destructive'], resources: ['*'] }
    await start(
      {
        dwell: '1s',
        classes: { ...UNHURRIED_PACING.classes, destructive: { rate: '1000/s', burst: 1000, maxWait: '0s' } },
      },
      [{ ...BUILDER, grants: [reads, destroys] }, OTHER],
    )
    const head = (Bucket: string, agent = BUILDER) =>
      s3(proxy.url, agent, ONCE).send(new HeadBucketCommand({ Bucket }))
    await head('open')
    await head('closed', OTHER)
    await expect(head('closed')).rejects.toThrow()
    const call = await signed(
      proxy.url,
      { method: 'HEAD', target: '/closed', headers: {} },
      { service: 's3' },
    )
    const wrong = {
      ...call.headers,
      authorization: (call.headers['authorization'] ?? '').replace(/.{4}$/, '0000'),
    }
    expect((await send(proxy.url, { ...call, headers: wrong })).status).toBe(403)
    const unreadable = { method: 'POST', target: '/closed?delete', headers: {}, body: '<Delete>' }
    const malformed = await send(proxy.url, await signed(proxy.url, unreadable, { service: 's3' }))
    expect(malformed.status).toBe(400)
    await expect
      .poll(async () => (await remove('open').catch(() => undefined)) === undefined, {
        timeout: 5_000,
        interval: 100,
      })
      .toBe(true)
    // More than a second after all of them: the one that was read goes, the other counts from this very call.
    const { name, message } = await remove('closed')
    expect([name, firstSeen(message)]).toEqual(['AccessDenied', 0])
    expect(message).toContain('(moderato request')
    expect(
      upstream.recorded.filter(({ method }) => method === 'DELETE').map(({ target }) => target.split('?')[0]),
    ).toEqual(['/open/'])
  })
})
