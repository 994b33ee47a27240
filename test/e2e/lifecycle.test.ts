import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { dynamodb, s3 } from '../support/clients.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'

const MEBIBYTE = 1024 * 1024
const MAIN = resolve(import.meta.dirname, '../../proxy/main.ts')

let upstream: RecordingUpstream
let proxy: Proxy

async function start(settings: Record<string, unknown> = {}): Promise<void> {
  ;({ upstream, proxy } = await startScene({ settings }))
}

const ready = async (): Promise<number> => (await fetch(`${proxy.adminUrl}/readyz`)).status

describe('the process', () => {
  it('is ready with the full catalogue in less than 150 MB', async () => {
    // The first start of an installation compiles the code, and keeps it for those that follow.
    await start()
    proxy.signal('SIGTERM')
    expect(await proxy.ended).toBe(0)
    await upstream.stop()
    await start()
    expect(await ready()).toBe(200)
    expect(proxy.peakMemoryBytes()).toBeLessThan(150 * MEBIBYTE)
  })

  it('drains on SIGTERM: not ready at once, the stream under way finished, then the end', async () => {
    await start()
    const half = Promise.withResolvers<() => void>()
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-length': '8' })
      reply.write('half', () => half.resolve(() => reply.end('more')))
    }
    const got = await s3(proxy.url).send(new GetObjectCommand({ Bucket: 'bucket', Key: 'k' }))
    const finish = await half.promise
    proxy.signal('SIGTERM')
    await expect.poll(ready, { timeout: 5000 }).toBe(503)
    finish()
    expect(await got.Body?.transformToString()).toBe('halfmore')
    expect(await proxy.ended).toBe(0)
    expect(proxy.records().filter(({ phase }) => phase === 'outcome')).toHaveLength(1)
  })

  it('ends at once on a second SIGTERM', async () => {
    await start()
    const stuck = Promise.withResolvers<void>()
    upstream.answer = () => stuck.resolve()
    const call = dynamodb(proxy.url, undefined, { maxAttempts: 1 }).send(new ListTablesCommand({}))
    const failed = expect(call).rejects.toThrow()
    await stuck.promise
    proxy.signal('SIGTERM')
    await expect.poll(ready, { timeout: 5000 }).toBe(503)
    proxy.signal('SIGTERM')
    expect(await proxy.ended).toBe(1)
    await failed
  })

  it('records how each call ended that was cut when the time to drain was over', async () => {
    await start({ drain: '100ms' })
    const calls = 40
    const stuck = Promise.withResolvers<void>()
    upstream.answer = () => {
      if (upstream.recorded.length === calls) stuck.resolve()
    }
    const client = dynamodb(proxy.url, undefined, { maxAttempts: 1 })
    const failed = Array.from({ length: calls }, () =>
      expect(client.send(new ListTablesCommand({}))).rejects.toThrow(),
    )
    await stuck.promise
    proxy.signal('SIGTERM')
    expect(await proxy.ended).toBe(0)
    await Promise.all(failed)
    expect(proxy.log()).not.toContain('audit log is closed')
    expect(proxy.records().filter(({ phase }) => phase === 'outcome')).toHaveLength(calls)
  })

  it('says at start that it has nothing to sign with', async () => {
    await start({ upstream: { credentials: undefined } })
    await expect
      .poll(() => proxy.log(), { timeout: 10_000 })
      .toContain('no upstream credentials: calls are refused')
  })

  it('leaves an audit chain that verifies', async () => {
    await start()
    await dynamodb(proxy.url).send(new ListTablesCommand({}))
    await proxy.record(({ phase }) => phase === 'outcome')
    proxy.signal('SIGTERM')
    await proxy.ended
    const verified = spawnSync(process.execPath, [MAIN, 'audit', 'verify', join(proxy.stateDir, 'audit')], {
      encoding: 'utf8',
    })
    expect([verified.status, verified.stderr]).toEqual([0, ''])
  })

  it('refuses a configuration with a wrong key by its path, and does not listen', async () => {
    const settings = { limits: { bufferedBodyByte: 1 } }
    const started = startProxy({ upstream: 'http://127.0.0.1:1', settings })
    await expect(started).rejects.toThrow(/ended with 1[^]*limits\.bufferedBodyByte/)
  })
})
