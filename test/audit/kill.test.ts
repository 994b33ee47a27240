/** Rule S3 against a real crash: what was acknowledged before `kill -9` is in the log, and the log goes on. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, expect, it, onTestFinished } from 'vitest'
import { verifyAudit } from '../../proxy/audit/verify.ts'
import { END_WITH_PARENT } from '../support/children.ts'
import { decision, opened, records, temporaryFolder } from './support.ts'

const WRITER = `
import { openAudit } from ${JSON.stringify(new URL('../../proxy/audit/audit.ts', import.meta.url).href)}
const audit = await openAudit({ dir: process.argv[1], clock: { nowMs: () => Date.now() }, segmentBytes: 20000 })
for (let i = 0; ; i += 1) {
  const ids = [0, 1, 2, 3].map((n) => process.pid + '-' + i + '-' + n)
  audit.append({ phase: 'outcome', requestId: ids[0], facts: { text: 'x'.repeat(300) } })
  await Promise.all(ids.map((requestId) => audit.commit({ phase: 'decision', requestId })))
  process.stdout.write(ids.join(' ') + '\\n')
}
`

function startWriter(dir: string): ChildProcess {
  const child = spawn(process.execPath, [...END_WITH_PARENT, '--input-type=module', '-e', WRITER, dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Kills the writer once it has acknowledged `batches`; resolves with every id that it acknowledged. */
async function killAfter(child: ChildProcess, batches: number): Promise<string[]> {
  const acknowledged: string[] = []
  if (child.stdout === null) throw new Error('no standard output')
  const exited = once(child, 'exit')
  let lines = 0
  for await (const line of createInterface({ input: child.stdout })) {
    // The kill can cut the last line short; an id that lacks its end was not read as acknowledged.
    const ids = line.split(' ').filter((id) => /^\d+-\d+-[0-3]$/.test(id))
    if (ids.length === 4) acknowledged.push(...ids)
    lines += 1
    if (lines === batches) child.kill('SIGKILL')
  }
  await exited
  return acknowledged
}

describe('the audit log under kill -9', () => {
  it(
    'keeps every acknowledged record over several crashes, in one chain that verifies',
    { timeout: 60_000 },
    async () => {
      const dir = await temporaryFolder()
      const acknowledged: string[] = []
      for (const batches of [1, 7, 40]) {
        acknowledged.push(...(await killAfter(startWriter(dir), batches)))
      }
      const audit = await opened(dir)
      await audit.commit(decision('after'))
      expect((await verifyAudit(dir)).problems).toEqual([])
      const decided = (await records(dir))
        .filter(({ phase }) => phase === 'decision')
        .map((each) => each.requestId)
      expect(acknowledged.length).toBeGreaterThanOrEqual(4 * (1 + 7 + 40))
      expect(acknowledged.filter((id) => !decided.includes(id))).toEqual([])
    },
  )

  it(
    'holds the lock while the other process lives and frees it when that is killed',
    { timeout: 60_000 },
    async () => {
      const dir = await temporaryFolder()
      const child = startWriter(dir)
      if (child.stdout === null) throw new Error('no standard output')
      await once(child.stdout, 'data')
      await expect(opened(dir)).rejects.toThrow('another process is writing the audit log')
      child.stdout.resume()
      child.kill('SIGKILL')
      await once(child, 'exit')
      await (await opened(dir)).commit(decision('after'))
    },
  )
})
