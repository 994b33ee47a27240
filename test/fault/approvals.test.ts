import { mkdtempSync, rmSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ALICE, approvalIn, approvals, PEOPLE } from '../support/approvers.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { send, signed } from '../support/raw-http.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { SHARED_STORES } from '../support/shared-stores.ts'

let folder: string
let upstream: RecordingUpstream
const proxies: Proxy[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moderato-approvals-'))
  upstream = await RecordingUpstream.start((_, reply) => void reply.writeHead(204).end())
  return () => rmSync(folder, { recursive: true, force: true })
})
afterEach(async () => {
  for (const each of proxies.splice(0)) await each.stop()
  await upstream.stop()
})

async function start(state: object, stateDir = join(folder, `replica-${proxies.length}`)): Promise<Proxy> {
  const settings = {
    state,
    admin: { people: PEOPLE },
    policy: { approvals: [{ classes: ['data-delete'] }] },
  }
  const proxy = await startProxy({ upstream: upstream.url, settings, stateDir })
  proxies.push(proxy)
  return proxy
}

/** The same call each time, signed anew for the name that all replicas have. */
async function drop(to: Proxy, name: Proxy = to): Promise<{ status: number; text: string }> {
  const headers = { 'amz-sdk-invocation-id': randomUUID() }
  const request = await signed(
    name.url,
    { method: 'DELETE', target: '/bucket/key', headers },
    { service: 's3' },
  )
  const { status, body } = await send(to.url, request)
  return { status, text: body.toString() }
}

describe.each(SHARED_STORES)('S17: two replicas that share %s', (_, skipped, make) => {
  it.skipIf(skipped)('give one use to one of all calls that race for it', async () => {
    const { state, end } = await make()
    const one = await start(state)
    const other = await start(state)
    const id = approvalIn((await drop(one)).text)
    // Asked for at one, seen and decided at the other.
    await expect.poll(() => approvals(other, ALICE, 'list')).toContain(id)
    await approvals(other, ALICE, 'approve', id)
    await expect.poll(() => approvals(one, ALICE, 'show', id)).toContain(': approved')
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => drop(at % 2 === 0 ? one : other, one)),
    )
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(11)
    expect(upstream.arrived).toHaveLength(1)
    for (const each of proxies.splice(0)) await each.stop()
    await end()
  })
})

describe('kill -9', () => {
  it('loses no approval that was given, and gives none back that was spent', async () => {
    const stateDir = join(folder, 'state')
    const restarted = async (): Promise<Proxy> => {
      proxies.at(-1)?.signal('SIGKILL')
      await proxies.at(-1)?.ended
      return start({}, stateDir)
    }
    // Of each round the agent signs for the same name, as behind a balancer.
    const first = await start({}, stateDir)
    const id = approvalIn((await drop(first)).text)
    await approvals(first, ALICE, 'approve', id, '--uses', '2')
    const second = await restarted()
    expect((await drop(second, first)).status).toBe(204)
    const third = await restarted()
    expect((await drop(third, first)).status).toBe(204)
    const fourth = await restarted()
    const refused = await drop(fourth, first)
    expect(refused.status).toBe(403)
    expect(approvalIn(refused.text)).not.toBe(id)
    expect(upstream.arrived).toHaveLength(2)
  })
})
