import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findOpa, INSTALL_OPA, ROOT, sourceDigest } from '../../policy/build.ts'
import { loadBundle, loadPolicy } from '../../policy/bundle.ts'
import { dataOf, inputOf } from './samples.ts'

const opa = findOpa()
if (opa === undefined) console.warn(`SKIPPED: a bundle that opa builds; opa is missing: ${INSTALL_OPA}`)

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'moderato-bundle-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const data = dataOf({ classes: ['read'], resources: ['arn:aws:s3:::data/*'] })

describe('loadBundle', () => {
  it('loads the packaged policy when none is named', async () => {
    const bundle = await loadBundle()
    expect(bundle.revision).toBe(sourceDigest())
    expect(bundle.data).toEqual({})
  })

  it('loads a folder', async () => {
    cpSync(join(ROOT, 'rego/bundle'), join(directory, 'folder'), { recursive: true })
    writeFileSync(join(directory, 'folder/data.json'), '{"team":{"name":"a"}}')
    expect((await loadBundle(join(directory, 'folder'))).data).toEqual({ team: { name: 'a' } })
    const engine = await loadPolicy({ bundle: join(directory, 'folder'), data })
    expect(engine.evaluate(inputOf()).allow).toBe(true)
  })

  it('has verdicts of the packaged policy remembered, and of no bundle that lacks its mark', async () => {
    const packaged = await loadPolicy({ data })
    expect(packaged.evaluate(inputOf())).toBe(packaged.evaluate(inputOf()))
    const folder = join(directory, 'unmarked')
    cpSync(join(ROOT, 'rego/bundle'), folder, { recursive: true })
    const manifest = JSON.parse(readFileSync(join(folder, '.manifest'), 'utf8')) as object
    for (const metadata of [undefined, {}, { moderato: { timeIndependent: false } }]) {
      writeFileSync(join(folder, '.manifest'), JSON.stringify({ ...manifest, metadata }))
      expect((await loadBundle(folder)).timeIndependent).toBe(false)
      const engine = await loadPolicy({ bundle: folder, data })
      expect(engine.evaluate(inputOf())).not.toBe(engine.evaluate(inputOf()))
    }
  })

  it.each(['https://example.com/bundle.tar.gz', 'HTTP://example.com/b', 's3://bucket/b', 'file:///b'])(
    'S7: refuses %s until bundle signatures exist',
    async (url) => {
      await expect(loadBundle(url)).rejects.toThrow('refused until bundle signatures exist')
    },
  )

  it('rejects what is no bundle', async () => {
    await expect(loadBundle(join(directory, 'absent'))).rejects.toThrow('ENOENT')
    writeFileSync(join(directory, 'text.tar.gz'), 'text')
    await expect(loadBundle(join(directory, 'text.tar.gz'))).rejects.toThrow()
    writeFileSync(join(directory, 'empty.tar.gz'), gzipSync(Buffer.alloc(1024)))
    await expect(loadBundle(join(directory, 'empty.tar.gz'))).rejects.toThrow('no policy.wasm')
  })

  it('rejects an archive that unpacks beyond its limit', async () => {
    writeFileSync(join(directory, 'bomb.tar.gz'), gzipSync(Buffer.alloc(80 << 20)))
    await expect(loadBundle(join(directory, 'bomb.tar.gz'))).rejects.toThrow()
  })
})

function build(name: string, decision: string, tasks?: string): string {
  const source = join(directory, `${name}.rego`)
  const ofTasks = join(directory, `${name}-tasks.rego`)
  const archive = join(directory, `${name}.tar.gz`)
  writeFileSync(source, decision)
  if (tasks !== undefined) writeFileSync(ofTasks, `package moderato.tasks\n\n${tasks}\n`)
  execFileSync(opa ?? '', [
    'build',
    '-t',
    'wasm',
    '-e',
    'moderato/decision',
    '-r',
    name,
    '-o',
    archive,
    ...(tasks === undefined ? [source] : ['-e', 'moderato/tasks/verdict', source, ofTasks]),
  ])
  return archive
}

describe.skipIf(opa === undefined)("an operator's own bundle", () => {
  it('is loaded from what opa build wrote', async () => {
    const module =
      'package moderato\n\ndecision := {"allow": input.call.count < 3, "rules": ["own.count"], "messages": []}\n'
    const engine = await loadPolicy({ bundle: build('own', module), data })
    expect(engine.revision).toMatch(/^own\./)
    expect(engine.evaluate(inputOf({ count: 2 }))).toEqual({
      allow: true,
      rules: ['own.count'],
      messages: [],
      approvals: 0,
    })
    expect(engine.evaluate(inputOf({ count: 3 })).allow).toBe(false)
  })

  it('is rejected if the configuration asks for people and it cannot', async () => {
    const module = 'package moderato\n\ndecision := {"allow": true, "rules": ["own.all"], "messages": []}\n'
    const bundle = build('asks-nobody', module)
    const rule = {
      classes: ['write'],
      resources: ['*'],
      agents: ['*'],
      traits: [],
      approvers: 1,
      minCount: 1,
    } as const
    await expect(loadPolicy({ bundle, data: { ...data, approvals: [rule] } })).rejects.toThrow(
      'unknown shape',
    )
    await expect(loadPolicy({ bundle, data })).resolves.toBeDefined()
  })

  it('is rejected if the configuration asks for people before tasks and it cannot', async () => {
    const decision = 'package moderato\n\ndecision := {"allow": true, "rules": ["r"], "messages": []}\n'
    const verdict = (more: string) =>
      `verdict := {"allow": true, "grants": [], "durationSeconds": 60, "rules": ["r"], "messages": []${more}}`
    const rule = { classes: ['write'], resources: ['*'], agents: ['*'], approvers: 1, minSeconds: 0 } as const
    const load = (name: string, more: string, approvals: readonly (typeof rule)[]) =>
      loadPolicy({
        bundle: build(name, decision, verdict(more)),
        data: { ...data, tasks: { maxSeconds: 60, require: [], approvals } },
      })
    await expect(load('no-people', '', [rule])).rejects.toThrow('about a task has an unknown shape')
    const task = { id: 't', intent: '', justification: '', ticket: '', grants: [], durationSeconds: 60 }
    const input = { agent: { id: 'a' }, task: { ...task, child: false } }
    expect((await load('asked-for-none', '', [])).judgeTask(input).approvals).toBe(0)
    expect((await load('people', ', "approvals": 2', [rule])).judgeTask(input).approvals).toBe(2)
  })

  it.each([
    ['undefined', 'decision if input.never'],
    ['a bare boolean', 'decision := true'],
    ['without rules', 'decision := {"allow": true, "messages": []}'],
    ['by no rule', 'decision := {"allow": true, "rules": [], "messages": []}'],
    [
      'a number of people that there is not',
      'decision := {"allow": true, "rules": ["r"], "messages": [], "approvals": 3}',
    ],
    ['a truthy allow', 'decision := {"allow": "true", "rules": ["r"], "messages": []}'],
  ])('is rejected if its decision is %s', async (name, rule) => {
    const bundle = build(name.replaceAll(' ', '-'), `package moderato\n\n${rule}\n`)
    await expect(loadPolicy({ bundle, data })).rejects.toThrow('unknown shape')
  })

  it('is never remembered if it reads the time', async () => {
    const module =
      'package moderato\n\ndecision := {"allow": input.timeSeconds < 5, "rules": ["own.time"], "messages": []}\n'
    const engine = await loadPolicy({ bundle: build('hours', module), data })
    for (const [timeSeconds, allow] of [
      [1, true],
      [9, false],
      [2, true],
    ] as const) {
      expect(engine.evaluate({ ...inputOf(), timeSeconds }).allow).toBe(allow)
    }
  })

  it('is rejected if it needs the time from the host', async () => {
    const module =
      'package moderato\n\ndecision := {"allow": time.now_ns() > 0, "rules": ["own.time"], "messages": []}\n'
    await expect(loadPolicy({ bundle: build('time', module), data })).rejects.toThrow('time.now_ns')
  })
})
