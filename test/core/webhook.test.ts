import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openWebhook } from '../../proxy/core/webhook.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'

async function scene(statuses: readonly number[]) {
  const bodies: string[] = []
  const server = createServer((request, reply) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      reply.writeHead(statuses[bodies.length] ?? 500, { location: '/elsewhere' })
      bodies.push(body)
      reply.end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const time = new VirtualTime()
  const lost: string[] = []
  const webhook = openWebhook(
    { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, secret: 's'.repeat(32) },
    { clock: time, timer: time, lost: (about, problem) => lost.push(`${about}: ${problem}`) },
  )
  onTestFinished(() => {
    webhook.close()
    server.closeAllConnections()
    server.close()
  })
  return { time, webhook, bodies, lost }
}

describe('openWebhook', () => {
  it('tries again while the place does not take it, and no more once it does', async () => {
    const { time, webhook, bodies, lost } = await scene([500, 503, 204])
    webhook.post({ n: 1 }, 'one')
    for (const waitMs of [1_000, 5_000]) {
      await expect.poll(() => time.alarms).toBe(1)
      await time.advance(waitMs)
    }
    await expect.poll(() => bodies.length).toBe(3)
    expect(new Set(bodies)).toEqual(new Set(['{"n":1}']))
    expect(lost).toEqual([])
  })

  it('gives up after four tries, follows no redirect, and says what was lost', async () => {
    const { time, webhook, bodies, lost } = await scene([302, 302, 302, 302])
    webhook.post({}, 'one')
    for (const waitMs of [1_000, 5_000, 25_000]) {
      await expect.poll(() => time.alarms).toBe(1)
      await time.advance(waitMs)
    }
    await expect.poll(() => lost).toEqual(['one: TypeError'])
    expect(bodies).toHaveLength(4)
  })

  it('drops what comes while a hundred are under way', async () => {
    const { webhook, lost } = await scene([])
    for (let index = 0; index < 101; index++) webhook.post({}, `message ${index}`)
    expect(lost).toEqual(['message 100: too many messages are in flight'])
  })

  it('finishes what is under way: an attempt ends, and what waits is tried once more, at once', async () => {
    const { time, webhook, bodies, lost } = await scene([500, 204])
    webhook.post({ n: 1 }, 'one')
    await expect.poll(() => time.alarms).toBe(1)
    webhook.post({ n: 2 }, 'two')
    await webhook.finish()
    expect(bodies).toHaveLength(3)
    expect(lost).toEqual([expect.stringMatching(/^(one|two): status 500$/)])
  })
})
