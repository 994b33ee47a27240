import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { BOTO3, missing, MOTO } from '../support/tools.ts'
import { SERVICE_LIVES } from './services.ts'

describe.skipIf(missing(MOTO, BOTO3))('boto3 through the proxy', () => {
  let proxy: Proxy
  beforeAll(async () => {
    proxy = await startProxy({ upstream: await freshMoto() })
  })
  afterAll(() => proxy?.stop())

  it.each(SERVICE_LIVES)('creates, reads, lists and deletes in $service', async ({ snippet, result }) => {
    expect(await boto3(proxy.url, snippet)).toEqual(result)
  })

  it('names every one of these calls in the audit log, none of them unknown', async () => {
    await proxy.metricReaches('moderato_requests_total', { class: 'unknown' }, 0)
    const operations = new Set(proxy.records().map(({ operation }) => operation))
    for (const name of ['CreateTable', 'DeleteQueue', 'DeleteStack', 'DeleteVolume', 'ScheduleKeyDeletion']) {
      expect(operations).toContain(name)
    }
    expect(
      proxy.records().filter(({ phase, decision }) => phase === 'decision' && decision !== 'allow'),
    ).toEqual([])
  })
})
