import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { dynamodb } from '../support/clients.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { stall, type RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene, startScene } from '../support/scene.ts'

let upstream: RecordingUpstream
let proxy: Proxy

/** Starts so many deletes at once, each of its own table; none is waited for. */
function deleteTables(count: number): void {
  const client = dynamodb(proxy.url, undefined, { maxAttempts: 1 })
  for (let index = 0; index < count; index += 1) {
    void client.send(new DeleteTableCommand({ TableName: `table-${index}` })).catch(() => undefined)
  }
}

const tablesAtUpstream = (): string[] =>
  upstream.recorded.map(({ body }) => String(JSON.parse(body.toString()).TableName))

/** Tables for whose deletion an allow stands in the audit log as the dead process left it. */
function tablesDecided(): Set<string | undefined> {
  const allowed = proxy
    .records()
    .filter(({ phase, decision }) => phase === 'decision' && decision === 'allow')
  return new Set(allowed.flatMap(({ resources }) => resources ?? []).map((arn) => arn.split('/').at(-1)))
}

describe("kill -9 between the decision and the upstream's answer (rule S3)", () => {
  it.each([1, 2, 5, 20])(
    'after %i of 40 arrived upstream leaves a decision for each that did',
    async (arrivals) => {
      ;({ upstream, proxy } = await startScene({ answer: stall }))
      const enough = new Promise<void>((resolve) => {
        upstream.answer = () => {
          if (upstream.recorded.length === arrivals) resolve()
        }
      })
      deleteTables(40)
      await enough
      proxy.signal('SIGKILL')
      await proxy.ended
      const decided = tablesDecided()
      expect(tablesAtUpstream().length).toBeGreaterThanOrEqual(arrivals)
      expect(tablesAtUpstream().filter((name) => !decided.has(name))).toEqual([])
    },
  )

  it('at any record on its way to the disk leaves no call upstream that is not in the log', async () => {
    for (let killAtRecord = 1; killAtRecord <= 15; killAtRecord += 2) {
      const scene = await openScene()
      ;({ upstream, proxy } = scene)
      onTestFinished(scene.stop)
      const before = proxy.records().length
      deleteTables(40)
      await vi.waitFor(() => expect(proxy.records().length).toBeGreaterThanOrEqual(before + killAtRecord), {
        interval: 1,
        timeout: 5000,
      })
      proxy.signal('SIGKILL')
      await proxy.ended
      const decided = tablesDecided()
      expect(tablesAtUpstream().filter((name) => !decided.has(name))).toEqual([])
      await scene.stop()
    }
  })

  it('starts again on what it left, and goes on with the chain', async () => {
    ;({ upstream, proxy } = await startScene({ answer: stall }))
    deleteTables(20)
    await vi.waitFor(() => expect(upstream.recorded.length).toBeGreaterThan(0), { timeout: 15_000 })
    proxy.signal('SIGKILL')
    await proxy.ended
    const before = proxy.records().length
    const { stateDir } = proxy
    upstream.answer = (_, reply) => void reply.end('{}')
    proxy = await startProxy({ upstream: upstream.url, stateDir })
    onTestFinished(() => proxy.stop())
    await dynamodb(proxy.url).send(new DeleteTableCommand({ TableName: 'after' }))
    await proxy.record(({ resources }) => resources?.some((arn) => arn.endsWith('table/after')) === true)
    expect(proxy.records().length).toBeGreaterThan(before)
  })
})
