/** `kill -9` in a loop, under load: the pace is not refilled, no approval and no freeze is lost, the audit verifies. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it, onTestFinished } from 'vitest'
import { verifyAudit } from '../../proxy/audit/verify.ts'
import { dynamodb } from '../support/clients.ts'
import { ledgerBeside } from '../support/ledger-beside.ts'
import { startProxy } from '../support/proxy.ts'
import { dynamodbCall, send } from '../support/raw-http.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { sized } from '../support/sample.ts'

const BURST = 100
const ROUNDS = sized(8, 3)
/** Calls under way at each kill: some are charged and never forwarded. */
const LOAD = 8

/** A freeze that holds nothing of this test back; as an approval, one of no call. */
const OF_NOBODY = { scope: { agents: ['nobody'] }, reason: 'a test', by: 'the test', sinceMs: 0 }

describe('kill -9 of a proxy under load', () => {
  it(
    'refills no bucket, and loses no approval, no freeze, no call and no record',
    { timeout: 240_000 },
    async () => {
      const stateDir = join(mkdtempSync(join(tmpdir(), 'moderato-kill-')), 'state')
      onTestFinished(() => rmSync(join(stateDir, '..'), { recursive: true }))
      const upstream = await RecordingUpstream.start()
      onTestFinished(() => upstream.stop())
      const settings = { pacing: { classes: { destructive: { rate: '1/h', burst: BURST, maxWait: '0s' } } } }
      const written: string[] = []
      let table = 0
      for (let round = 0; round < ROUNDS; round += 1) {
        const proxy = await startProxy({ upstream: upstream.url, settings, stateDir })
        const client = dynamodb(proxy.url, undefined, { maxAttempts: 1 })
        const { ledger, close } = await ledgerBeside(stateDir)
        const copied = await dynamodbCall(proxy.url, 'DeleteTable', { TableName: `copied-${round}` })
        expect((await send(proxy.url, copied)).status).toBe(200)
        const load = Array.from({ length: LOAD }, async () => {
          table += 1
          await client.send(new DeleteTableCommand({ TableName: `table-${table}` })).catch(() => undefined)
        })
        for (const kind of ['approval', 'freeze'] as const) {
          if ((await ledger.put(kind, `round-${round}`, OF_NOBODY)) !== undefined)
            written.push(`${kind} round-${round}`)
        }
        await Promise.race(load)
        proxy.signal('SIGKILL')
        await proxy.ended
        await close()
        client.destroy()
        await proxy.stop()
        // A copy of what was forwarded before the kill is known after it.
        const again = await startProxy({ upstream: upstream.url, settings, stateDir })
        const sent = upstream.recorded.length
        expect((await send(again.url, copied)).body.toString()).toContain('To repeat the call, sign it again')
        expect(upstream.recorded.length).toBe(sent)
        again.signal('SIGKILL')
        await again.ended
        await again.stop()
      }
      const last = await startProxy({ upstream: upstream.url, settings, stateDir })
      const client = dynamodb(last.url, undefined, { maxAttempts: 1 })
      for (let left = 0; left < BURST; left += 1)
        await client.send(new DeleteTableCommand({ TableName: `left-${left}` })).catch(() => undefined)
      client.destroy()
      await last.stop()
      expect(upstream.recorded.length).toBeLessThanOrEqual(BURST)
      expect(upstream.recorded.length).toBeGreaterThanOrEqual(BURST - ROUNDS * LOAD)
      const { ledger, close } = await ledgerBeside(stateDir)
      const found = (['approval', 'freeze'] as const).flatMap((kind) =>
        ledger.all(kind).map(({ id }) => `${kind} ${id}`),
      )
      expect(ledger.sound).toBe(true)
      expect(found.toSorted()).toEqual(written.toSorted())
      expect(found).toHaveLength(2 * ROUNDS)
      await close()
      expect((await verifyAudit(join(stateDir, 'audit'))).problems).toEqual([])
    },
  )
})
