import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { run } from '../../proxy/cli/audit.ts'
import { decision, opened, temporaryFolder, writtenLog } from '../audit/support.ts'

function textOf(stream: PassThrough): string {
  const chunks: Buffer[] = []
  for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null) {
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function streams() {
  const io = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
  return { io, out: () => textOf(io.stdout), err: () => textOf(io.stderr) }
}

async function runs(...args: string[]) {
  const { io, out, err } = streams()
  const code = await run(args, io)
  return { code, out: out(), err: err() }
}

describe('moderato audit verify', () => {
  it('prints counts and head of a good log and ends with 0', async () => {
    const dir = await writtenLog(3)
    const { code, out, err } = await runs('verify', dir)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/: verified: 3 records in 1 segments, head 3:[0-9a-f]{64}\n$/)
  })

  it('names what was changed and ends with 1', async () => {
    const dir = await writtenLog(3)
    const path = join(dir, '00000001.jsonl')
    await writeFile(path, (await readFile(path, 'utf8')).replace('"r2"', '"r9"'))
    const { code, out, err } = await runs('verify', dir)
    expect(code).toBe(1)
    expect(err).toContain('00000001.jsonl:2: not a record, or changed')
    expect(out).toContain('NOT VERIFIED')
  })

  it('prints the verdict as JSON', async () => {
    const dir = await writtenLog(2)
    const { code, out } = await runs('verify', dir, '--json')
    expect([code, JSON.parse(out)]).toMatchObject([
      0,
      { ok: true, records: 2, head: { seq: 2 }, problems: [] },
    ])
  })

  it('checks a head that was noted earlier', async () => {
    const dir = await writtenLog(2)
    const head = /head (\S+)/.exec((await runs('verify', dir)).out)?.[1] ?? ''
    expect((await runs('verify', dir, '--head', head)).code).toBe(0)
    expect((await runs('verify', dir, '--head', head.replace('2:', '3:'))).code).toBe(1)
    expect((await runs('verify', dir, '--head', 'nonsense')).code).toBe(2)
  })

  it('tells of a tail that a crash tore and a later record seals', async () => {
    const dir = await writtenLog(1)
    await appendFile(join(dir, '00000001.jsonl'), '{"seq')
    await (await opened(dir)).close()
    const { code, out } = await runs('verify', dir)
    expect([code, out]).toEqual([0, expect.stringContaining('5 bytes torn by a crash')])
  })

  it('ends with 1 where there is no log', async () => {
    expect((await runs('verify', await temporaryFolder())).code).toBe(1)
    const { code, err } = await runs('verify', join(await temporaryFolder(), 'nope'))
    expect([code, err]).toEqual([1, expect.stringContaining('ENOENT')])
  })
})

describe('moderato audit tail', () => {
  it('prints the newest records over segments, oldest first', async () => {
    const dir = await writtenLog(6, { segmentBytes: 900 })
    const { code, out } = await runs('tail', dir, '--lines', '4', '--json')
    const ids = out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { requestId: string }).requestId)
    expect([code, ids]).toEqual([0, ['r3', 'r4', 'r5', 'r6']])
    expect((await runs('tail', dir, '-n', '1')).out).toContain(
      'decision allow destructive dynamodb:DeleteTable',
    )
  })

  it('tells who operated, and what a reload changed', async () => {
    const dir = await temporaryFolder()
    const audit = await opened(dir)
    audit.append({
      phase: 'admin',
      admin: { subject: 'alice', by: 'token', does: 'POST /v1/freeze' },
      decision: 'allow',
    })
    await audit.commit({ phase: 'config', config: { by: 'SIGHUP', result: 'unchanged' } })
    const { out } = await runs('tail', dir)
    expect(out).toMatch(/ admin allow POST \/v1\/freeze by alice\n.* config .*"result":"unchanged"/)
  })

  it('shows control and bidirectional characters instead of sending them to the terminal', async () => {
    const dir = await temporaryFolder()
    const audit = await opened(dir)
    await audit.commit(decision('r\u202e1', { agent: 'a\u001b[2Jb\u009b' }))
    const { out } = await runs('tail', dir)
    expect(out).toContain('a\\u{1b}[2Jb\\u{9b}')
    expect(out).toContain('r\\u{202e}1')
  })

  it('follows over a rotation until it is told to end', async () => {
    const dir = await writtenLog(2, { segmentBytes: 900 })
    const { io } = streams()
    const stop = new AbortController()
    const seen: string[] = []
    const all = Promise.withResolvers<void>()
    io.stdout.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().trimEnd().split('\n'))
        seen.push((JSON.parse(line) as { requestId: string }).requestId)
      if (seen.length === 10) all.resolve()
    })
    const done = run(['tail', dir, '--follow', '--json'], io, { signal: stop.signal })
    const audit = await opened(dir, { segmentBytes: 900 })
    for (let i = 3; i <= 10; i += 1) await audit.commit(decision(`r${i}`))
    await all.promise
    stop.abort()
    expect(await done).toBe(0)
    expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => `r${i + 1}`))
  })
})

describe('moderato audit', () => {
  it('prints usage on --help with 0, and on wrong usage with 2', async () => {
    expect(await runs('--help')).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('usage: moderato audit'),
    })
    for (const args of [
      [],
      ['nope'],
      ['verify', 'a', 'b'],
      ['verify', '--nope'],
      ['tail', '-n', 'x'],
      ['tail', '-n', '-1'],
    ]) {
      expect(await runs(...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining('usage:') })
    }
  })
})

describe('moderato audit tail of bounded records', () => {
  it('says how much was left out, and shows what was only counted', async () => {
    const dir = await temporaryFolder()
    const log = await opened(dir)
    log.append({ ...decision('r1'), omitted: 950 })
    log.append({
      phase: 'refusals',
      agent: 'a',
      refusals: { policy_denied: 40 },
      refused: {
        from: '2026-01-01T00:00:00.000Z',
        until: '2026-01-01T00:00:09.000Z',
        classes: { write: 40 },
        operations: { 's3:PutObject': 40 },
        requestIds: ['r2'],
      },
    })
    await log.close()
    const { out } = await runs('tail', dir)
    expect(out).toContain('omitted=950')
    expect(out).toContain(
      'refusals a {"policy_denied":40} from 2026-01-01T00:00:00.000Z until 2026-01-01T00:00:09.000Z',
    )
    expect((await runs('verify', dir)).code).toBe(0)
  })
})
