/** A reload that changes a rate gives no charge back, whatever the store. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { thrownBy } from '../support/clients.ts'
import { moderato } from '../support/moderato.ts'
import { startScene } from '../support/scene.ts'
import { dropTable } from '../support/store-scene.ts'
import { missing, VALKEY } from '../support/tools.ts'
import { ValkeyServer } from '../support/valkey.ts'

const paced = (rate: string) => ({ classes: { destructive: { rate, burst: 2, maxWait: '0s' } } })

async function stateOf(store: string): Promise<object> {
  if (store !== 'valkey') return { store }
  const server = await ValkeyServer.start()
  onTestFinished(() => server.stop())
  const folder = mkdtempSync(join(tmpdir(), 'moderato-rates-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return { store, url: server.url, keyFile: join(folder, 'ledger-key') }
}

const STORES = missing(VALKEY) ? ['memory', 'sqlite'] : ['memory', 'sqlite', 'valkey']

it.each(STORES)('a bucket in %s that is empty stays empty when its rate is changed', async (store) => {
  const settings = { pacing: paced('3/h'), state: await stateOf(store) }
  const { proxy, upstream } = await startScene({ settings })
  for (const table of ['a', 'b']) await dropTable(proxy, table)
  for (const rate of ['1/h', '2/h', '100/h', '1/h']) {
    proxy.reconfigure((config) => ({ ...config, pacing: paced(rate) }))
    expect(await moderato(proxy, ['config', 'reload'])).toMatchObject({ code: 0, err: '' })
    expect(await thrownBy(dropTable(proxy, 'c'))).toMatchObject({ name: 'ThrottlingException' })
    const shown = JSON.parse((await moderato(proxy, ['limits', '--json'])).out) as { buckets: object[] }
    expect(shown.buckets).toContainEqual(expect.objectContaining({ rule: 'destructive', level: 0, rate }))
    expect(await proxy.metric('moderato_bucket_fill_ratio', { rule: 'destructive' })).toBeLessThan(0.1)
  }
  expect(upstream.recorded).toHaveLength(2)
})
