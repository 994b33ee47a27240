import { beforeEach, describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import type { Proxy } from '../support/proxy.ts'
import { dynamodbCall, headText, RawConnection, send } from '../support/raw-http.ts'
import { sized } from '../support/sample.ts'
import { openScene } from '../support/scene.ts'

const MEBIBYTE = 1024 * 1024
/** TEST_BAD_SIGNATURES=1000000 is the long run. */
const BAD_SIGNATURES = Number(process.env['TEST_BAD_SIGNATURES'] ?? sized(20_000, 5_000))
/** Bursts of single records, then counts: far from one record a refusal. */
const MAX_AUDIT_BYTES = MEBIBYTE

describe('who cannot prove an identity (rule S9)', () => {
  let proxy: Proxy
  beforeEach(async () => {
    const scene = await openScene()
    proxy = scene.proxy
    return scene.stop
  })

  /** Calls of a good agent, one after another, while the others are under way; resolves with their statuses. */
  async function servedDuring(load: Promise<unknown>): Promise<number[]> {
    let over = false
    const done = load.finally(() => (over = true))
    const statuses = []
    while (!over) {
      const call = await dynamodbCall(proxy.url, 'ListTables', {})
      statuses.push((await send(proxy.url, call)).status)
    }
    await done
    return statuses
  }

  it('with 1,000 bodies of 10 MiB costs no memory for them, and no good agent its service', async () => {
    const peakBeforeBytes = proxy.peakMemoryBytes()
    const piece = Buffer.alloc(64 * 1024)
    const answers: string[] = []
    const unsigned = {
      method: 'PUT',
      target: '/bucket/key',
      headers: { host: 'x', 'content-length': '10485760' },
    }
    async function attack(): Promise<void> {
      const connection = await RawConnection.open(proxy.url)
      connection.write(headText(unsigned))
      connection.write(piece)
      answers.push(await connection.until(/<\/Error>/))
      connection.close()
    }
    const statuses = await servedDuring(inParallel(1000, 100, attack))
    expect(answers.filter((text) => /^HTTP\/1.1 403 /.test(text))).toHaveLength(1000)
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(proxy.peakMemoryBytes() - peakBeforeBytes).toBeLessThan(128 * MEBIBYTE)
    await proxy.metricReaches('moderato_denials_total', { reason: 'missing_credential' }, 1000)
    expect(strangersAuditBytes()).toBeLessThan(MAX_AUDIT_BYTES)
  })

  it(
    `with ${BAD_SIGNATURES} bad signatures fills no disk, and no good agent loses its service`,
    { timeout: 3_600_000 },
    async () => {
      const forged = await dynamodbCall(
        proxy.url,
        'ListTables',
        {},
        { ...BUILDER, secretAccessKey: 'guessed' },
      )
      const attack = async (): Promise<void> => {
        expect((await send(proxy.url, forged)).status).toBe(403)
      }
      const statuses = await servedDuring(inParallel(BAD_SIGNATURES, 8, attack))
      expect(new Set(statuses)).toEqual(new Set([200]))
      await proxy.metricReaches(
        'moderato_signature_failures_total',
        { reason: 'bad_signature' },
        BAD_SIGNATURES,
      )
      expect(strangersAuditBytes()).toBeLessThan(MAX_AUDIT_BYTES)
      proxy.signal('SIGTERM')
      await proxy.ended
      const records = proxy.records()
      const single = records.filter(({ reason }) => reason === 'bad_signature').length
      const counted = records.reduce((sum, { refusals }) => sum + (refusals?.['bad_signature'] ?? 0), 0)
      expect(single + counted).toBe(BAD_SIGNATURES)
    },
  )

  /** What those without an identity have put there. */
  function strangersAuditBytes(): number {
    const theirs = proxy.records().filter(({ agent }) => agent === undefined)
    return theirs.reduce((sum, line) => sum + JSON.stringify(line).length, 0)
  }
})

async function inParallel(times: number, width: number, act: () => Promise<void>): Promise<void> {
  let left = times
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await act()
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
}
