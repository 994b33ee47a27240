import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openApprovalWebhook } from '../../proxy/approvals/webhook.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { approvalOf } from './calls.ts'

const SECRET = 'webhook-secret-of-at-least-32-characters'
const folder = mkdtempSync(join(tmpdir(), 'moderato-webhook-'))
afterAll(() => rmSync(folder, { recursive: true }))
const secretFile = join(folder, 'secret')
writeFileSync(secretFile, SECRET, { mode: 0o600 })
const KNOWN = { id: 'a'.repeat(32), approval: approvalOf(), revision: 1, expiresAtMs: 0 }

interface Arrived {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

async function receiver(answer: (response: ServerResponse, count: number) => void) {
  const arrived: Arrived[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (text: string) => (body += text))
    request.on('end', () => {
      arrived.push({ headers: request.headers, body })
      answer(response, arrived.length)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  const time = new VirtualTime()
  const warnings: object[] = []
  const log = { warn: (fields: object) => void warnings.push(fields) }
  const webhook = openApprovalWebhook(
    { url, secretFile, format: 'json' },
    { url: () => 'http://127.0.0.1:8081/', clock: time, timer: time, log },
  )
  return { arrived, webhook, time, warnings }
}

/** Lets each retry come as soon as the one before it failed. */
async function arrivals(scene: { arrived: Arrived[]; time: VirtualTime }, count: number): Promise<void> {
  await vi.waitFor(
    async () => {
      await scene.time.advance(25_000)
      expect(scene.arrived.length).toBeGreaterThanOrEqual(count)
    },
    { timeout: 15_000 },
  )
}

describe('the webhook', () => {
  it('posts what is asked for, signed over time and body', async () => {
    const scene = await receiver((response) => response.end())
    scene.webhook.post(KNOWN)
    await arrivals(scene, 1)
    const { headers, body } = scene.arrived[0] ?? expect.fail('nothing came')
    expect(JSON.parse(body)).toMatchObject({ type: 'approval_requested', id: KNOWN.id })
    const mac = createHmac('sha256', SECRET)
      .update(`${String(headers['x-moderato-timestamp'])}.${body}`)
      .digest('hex')
    expect(headers['x-moderato-signature']).toBe(`v1=${mac}`)
    expect(body + JSON.stringify(headers)).not.toContain(SECRET)
  })

  it('tries again a few times, and then says so once', async () => {
    const scene = await receiver((response) => response.writeHead(500).end())
    scene.webhook.post(KNOWN)
    await arrivals(scene, 4)
    await vi.waitFor(() => expect(scene.warnings).toEqual([{ approval: KNOWN.id, problem: 'status 500' }]), {
      timeout: 15_000,
    })
    await scene.time.advance(120_000)
    expect(scene.arrived).toHaveLength(4)
    expect(scene.time.alarms).toBe(0)
  })

  it('is done when it was taken', async () => {
    const scene = await receiver((response, count) => response.writeHead(count < 2 ? 503 : 204).end())
    scene.webhook.post(KNOWN)
    await arrivals(scene, 2)
    await scene.time.advance(120_000)
    expect([scene.arrived.length, scene.warnings]).toEqual([2, []])
  })

  it('follows no redirect', async () => {
    const scene = await receiver((response) => response.writeHead(307, { location: '/elsewhere' }).end())
    scene.webhook.post(KNOWN)
    await arrivals(scene, 4)
    await vi.waitFor(() => expect(scene.warnings).toHaveLength(1), { timeout: 15_000 })
    expect(scene.arrived).toHaveLength(4)
  })

  it('drops what is too much, and never holds up who asks', async () => {
    const scene = await receiver(() => undefined)
    for (let index = 0; index < 150; index++) scene.webhook.post(KNOWN)
    expect(scene.warnings).toHaveLength(50)
    scene.webhook.close()
  })
})
