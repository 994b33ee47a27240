/** Nobody reads the log while Moderato runs: calls go on all the same, and what is lost is counted and said. */
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Proxy } from '../support/proxy.ts'
import { dynamodbCall, send } from '../support/raw-http.ts'
import { startScene } from '../support/scene.ts'

const CALLS = 2_000
const AT_ONCE = 20

/** A pipe that is full before anybody writes a line, and whose other end nobody reads until `read` is called. */
function fullPipe() {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-pipe-'))
  const path = join(folder, 'log')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const filler = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  const page = Buffer.alloc(4_096, '\n')
  try {
    for (;;) writeSync(filler, page)
  } catch {
    closeSync(filler)
  }
  // Blocking, as a shell gives it.
  const fd = openSync(path, 'w')
  onTestFinished(() => {
    for (const each of [reader, fd]) closeSync(each)
    rmSync(folder, { recursive: true })
  })
  const buffer = Buffer.alloc(1 << 20)
  const read = (): string => {
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer))
    } catch {
      return ''
    }
  }
  return { fd, read }
}

async function call(proxy: Proxy, count: number): Promise<void> {
  let left = count
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const { status } = await send(proxy.url, await dynamodbCall(proxy.url, 'ListTables', {}))
      expect(status).toBe(200)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** Makes the log grow: each reload is refused, and its line names every setting that is wrong. */
async function flood(proxy: Proxy): Promise<void> {
  const wrong = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`wrong-${index}`, true]))
  proxy.reconfigure((config) => ({ ...config, ...wrong }))
  const token = readFileSync(join(proxy.stateDir, 'admin-token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  await expect
    .poll(
      async () => {
        await fetch(`${proxy.adminUrl}/v1/reload`, { method: 'POST', headers, body: '{}' })
        return proxy.metric('moderato_log_lines_lost_total')
      },
      { timeout: 60_000, interval: 1 },
    )
    .toBeGreaterThan(3)
}

describe('a log that nobody reads', () => {
  it(
    'holds up no call, loses lines that it counts, and says so once when it is read again',
    { timeout: 120_000 },
    async () => {
      const { fd, read } = fullPipe()
      // In observe mode the start logs a line, which would wait for the reader.
      const { proxy, upstream } = await startScene({ stderr: fd, settings: { policy: { mode: 'observe' } } })
      await flood(proxy)
      await call(proxy, CALLS)
      expect(upstream.recorded.length).toBe(CALLS)
      expect((await fetch(`${proxy.adminUrl}/readyz`)).status).toBe(200)
      const lost = await proxy.metric('moderato_log_lines_lost_total')
      let log = ''
      await expect
        .poll(
          () => {
            log += read()
            return log.includes('lines of the log were lost')
          },
          { timeout: 30_000, interval: 5 },
        )
        .toBe(true)
      const lines = log.split('\n').filter((line) => line !== '')
      const said = lines.map((line) => JSON.parse(line) as { msg: string; lines?: number })
      expect(said.filter(({ lines: count }) => count !== undefined)).toMatchObject([{ lines: lost }])
      expect(said[0]?.msg).toContain('Observe mode')
    },
  )

  it('holds up no call where it is a socket, as under systemd', { timeout: 120_000 }, async () => {
    const { proxy, upstream } = await startScene({ stderr: 'unread' })
    await flood(proxy)
    await call(proxy, 200)
    expect(upstream.recorded.length).toBe(200)
    proxy.signal('SIGTERM')
    expect(await proxy.ended).toBe(0)
  })

  it('does not keep it from ending', async () => {
    const { fd } = fullPipe()
    const { proxy } = await startScene({ stderr: fd, settings: { policy: { mode: 'observe' } } })
    proxy.signal('SIGTERM')
    expect(await proxy.ended).toBe(0)
  })
})
