import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../proxy/operators/callers.ts'
import { BUILDER } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import type { Proxy } from '../support/proxy.ts'
import { startScene } from '../support/scene.ts'
import { expectNextStep, refused } from './denial-check.ts'

const OTHER = { ...BUILDER, id: 'spiffe://example.org/agent/other', accessKeyId: 'AKIDOTHER' }
const HELD = { destructive: { rate: '6/min', burst: 1, maxWait: '20s' } }

let proxy: Proxy

async function start(settings: Record<string, unknown> = {}): Promise<void> {
  const agents = [BUILDER, OTHER]
  const own = { upstream: { accountId: '111122223333' }, ...settings }
  proxy = (await startScene({ agents, settings: own })).proxy
}

const drop = (config = {}) =>
  dynamodb(proxy.url, BUILDER, config).send(new DeleteTableCommand({ TableName: 't' }))
const list = (agent = BUILDER) => dynamodb(proxy.url, agent).send(new ListTablesCommand({}))

describe('what operators decided', () => {
  it('frozen: what an SDK throws, with who, why and until when, and never tries again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-freeze-'))
    const tokenFile = join(folder, 'alice')
    writeFileSync(tokenFile, 'a'.repeat(43), { mode: 0o600 })
    const tokenSha256 = sha256('a'.repeat(43)).toString('hex')
    await start({ admin: { people: [{ id: 'alice@example.org', tokenSha256 }] } })
    const args = ['freeze', '--agent', 'spiffe://example.org/agent/b*', '--account', '111122223333']
    const ran = await moderato(
      proxy,
      [...args, '--reason', 'gone wild <b>', '--for', '2h', '--json'],
      tokenFile,
    )
    const { by, until } = JSON.parse(ran.out) as { by: string; until: string }
    expect(by).toBe('alice@example.org')
    const { result, record } = await refused(proxy, 'frozen', () => thrownBy(list()))
    expect(result).toMatchObject({ name: 'AccessDeniedException', status: 403, attempts: 1 })
    expect(result.message).toContain(`alice@example.org froze it: "gone wild <b>", until ${until}`)
    expectNextStep(result, 'frozen')
    expect(record).toMatchObject({ agent: BUILDER.id, operation: 'ListTables', decision: 'deny' })
    await list(OTHER)
    expect(await proxy.metric('moderato_freezes_active', { source: 'operator' })).toBe(1)
    rmSync(folder, { recursive: true })
  })

  it('reconfigured: a call that waits and would be classed otherwise now is sent back; its SDK tries again', async () => {
    await start({ pacing: { classes: HELD } })
    await drop()
    const overrides = [{ operation: 'dynamodb:DeleteTable', classes: ['protection'] }]
    const { result, record } = await refused(proxy, 'reconfigured', async () => {
      const held = thrownBy(drop({ maxAttempts: 1 }))
      await proxy.metricReaches('moderato_pace_queue_depth', { class: 'destructive' }, 1)
      proxy.reconfigure((config) => ({ ...config, catalogue: { overrides } }))
      return held
    })
    expect(result).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    expectNextStep(result, 'reconfigured')
    expect(record).toMatchObject({ operation: 'DeleteTable', class: 'destructive', decision: 'throttle' })
    await drop()
    const again = await proxy.record(({ class: label }) => label === 'protection')
    expect(again).toMatchObject({ operation: 'DeleteTable', decision: 'allow' })
  })

  it('breakglass_closed: what waits at its pace is sent back, though the agent has the grant; its SDK tries again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-breakglass-'))
    const tokenFile = join(folder, 'alice')
    writeFileSync(tokenFile, 'a'.repeat(43), { mode: 0o600 })
    const people = [{ id: 'alice@example.org', tokenSha256: sha256('a'.repeat(43)).toString('hex') }]
    const pace = { rate: '12/min', burst: 2, maxWait: '20s' }
    await start({ admin: { people }, pacing: { classes: HELD }, breakglass: { pace } })
    const args = ['--agent', BUILDER.id, '--for', '30m', '--reason', 'stuck', '--ticket', 'INC-1', '--pace']
    const ran = await moderato(proxy, ['breakglass', 'open', ...args, '--json'], tokenFile)
    const { id } = JSON.parse(ran.out) as { id: string }
    await drop()
    await drop()
    const { result, record } = await refused(proxy, 'breakglass_closed', async () => {
      const held = thrownBy(drop({ maxAttempts: 1 }))
      await proxy.metricReaches('moderato_pace_queue_depth', { class: 'destructive' }, 1)
      await moderato(proxy, ['breakglass', 'close', id])
      return held
    })
    expect(result).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    expectNextStep(result, 'breakglass_closed')
    expect(record).toMatchObject({ operation: 'DeleteTable', breakglass: id, decision: 'throttle' })
    // Its own pace owes nothing.
    await drop()
    rmSync(folder, { recursive: true })
  })
})
