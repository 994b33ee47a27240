/** `moderato limits` and the fill of buckets read the store, which knows what was charged before this process began. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { dynamodb } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import type { Proxy } from '../support/proxy.ts'
import { startScene } from '../support/scene.ts'
import { missing, VALKEY } from '../support/tools.ts'
import { ValkeyServer } from '../support/valkey.ts'

const PACING = {
  classes: { destructive: { rate: '1/min', burst: 4, maxWait: '0s' } },
  rules: [
    { name: 'fleet', classes: ['destructive'], per: ['fleet'], rate: '60/h', burst: 10, maxWait: '0s' },
    {
      name: 'trial',
      classes: ['destructive'],
      per: ['agent', 'resource'],
      rate: '1/h',
      burst: 2,
      maxWait: '0s',
      mode: 'observe',
    },
  ],
}

const drop = ({ url }: Proxy) => dynamodb(url).send(new DeleteTableCommand({ TableName: 't' }))

/** The lines of `limits` without the seconds, which go on. */
async function limitsOf(proxy: Proxy): Promise<string[]> {
  const { out } = await moderato(proxy, ['limits'])
  return out
    .split('\n')
    .map((line) => line.replace(/full in \d+ s/, 'full in N s'))
    .filter((line) => line !== '')
}

async function checkOver(first: Proxy, restarted: () => Promise<Proxy>): Promise<void> {
  expect(await limitsOf(first)).toEqual(['every bucket is full', '0 calls wait for their turn'])
  expect(await first.metric('moderato_bucket_fill_ratio', { rule: 'destructive' })).toBe(1)
  for (let i = 0; i < 3; i += 1) await drop(first)
  const before = await limitsOf(first)
  expect(before).toEqual([
    `trial (observes)  agent "${BUILDER.id}", resource "arn:aws:dynamodb:us-east-1:*:table/t"  0 of 2 left at 1/h, full in N s`,
    expect.stringMatching(
      /^(fleet {2}fleet {2}7 of 10 left at 60\/h|destructive {2}agent .* 1 of 4 left at 1\/min), full in N s$/,
    ),
    expect.stringMatching(
      /^(fleet {2}fleet {2}7 of 10 left at 60\/h|destructive {2}agent .* 1 of 4 left at 1\/min), full in N s$/,
    ),
    '0 calls wait for their turn',
  ])
  const later = await restarted()
  expect((await limitsOf(later)).toSorted()).toEqual(before.toSorted())
  // `explain` says the same of each.
  const explain = [
    'limits',
    'explain',
    '--agent',
    BUILDER.id,
    '--class',
    'destructive',
    '--service',
    'dynamodb',
  ]
  expect((await moderato(later, explain)).out).toContain('1 of 4 left at 1/min')
  const fill = (rule: string) => later.metric('moderato_bucket_fill_ratio', { rule })
  // Buckets fill meanwhile.
  const between = async (rule: string, least: number, most: number): Promise<void> => {
    const ratio = await fill(rule)
    expect(ratio, rule).toBeGreaterThanOrEqual(least)
    expect(ratio, rule).toBeLessThan(most)
  }
  await between('destructive', 0.25, 0.5)
  await between('fleet', 0.7, 0.8)
  await between('trial', 0, 0.5)
  expect(await fill('write')).toBe(1)
  expect((await moderato(later, ['limits', '--rule', 'fleet'])).out.split('\n')).toHaveLength(3)
  expect((await moderato(later, ['limits', '--agent', 'nobody'])).out).toContain('every bucket is full')
}

function folderFor(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `moderato-${name}-`))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe('moderato limits', () => {
  it('says after a restart what it said before: SQLite', async () => {
    const stateDir = join(folderFor('state'), 'state')
    const { proxy } = await startScene({ stateDir, settings: { pacing: PACING } })
    await checkOver(proxy, async () => {
      await proxy.stop()
      return (await startScene({ stateDir, settings: { pacing: PACING } })).proxy
    })
  })

  it('says what another process charged, and forgets rules that are not in force any more', async () => {
    const stateDir = join(folderFor('state'), 'state')
    const { proxy } = await startScene({ stateDir, settings: { pacing: PACING } })
    await drop(proxy)
    proxy.reconfigure((config) => ({ ...config, pacing: { ...PACING, rules: [] } }))
    await proxy.metricReaches('moderato_config_reloads_total', { result: 'applied' }, 1)
    const shown = await limitsOf(proxy)
    expect(shown).toHaveLength(2)
    expect(shown[0]).toContain('destructive  agent')
  })

  it.skipIf(missing(VALKEY))(
    'says after a restart, and on another replica, what it said before: Valkey',
    async () => {
      const server = await ValkeyServer.start()
      onTestFinished(() => server.stop())
      const keyFile = join(folderFor('key'), 'ledger-key')
      const settings = { pacing: PACING, state: { store: 'valkey', url: server.url, keyFile } }
      const { proxy } = await startScene({ settings })
      await checkOver(proxy, async () => (await startScene({ settings })).proxy)
      // Without its store it does not say that every bucket is full.
      await server.kill()
      expect(await moderato(proxy, ['limits'])).toMatchObject({
        code: 1,
        err: expect.stringContaining('does not answer'),
      })
      expect(await (await fetch(`${proxy.adminUrl}/metrics`)).text()).not.toContain(
        'moderato_bucket_fill_ratio{',
      )
    },
  )
})
