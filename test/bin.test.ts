import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const COMMAND = join(ROOT, 'proxy/bin.js')
const { engines, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  engines: { node: string }
  version: string
}

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'moderato-bin-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return home
}

interface Start {
  readonly home?: string
  /** Code that Node runs first. */
  readonly before?: string
  readonly flags?: readonly string[]
}

function moderato(args: readonly string[], { home = newHome(), before, flags = [] }: Start = {}) {
  const first = before === undefined ? [] : [`--import=data:text/javascript,${encodeURIComponent(before)}`]
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, ...first, COMMAND, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: home },
  })
  return { code: status, out: stdout, err: stderr }
}

/** Tells of each start of a process whether it has `gc`, and its id. */
const TELL = 'process.stderr.write(`${process.pid} ${typeof gc}\\n`)'

describe('proxy/bin.js', () => {
  it('runs the sources of a checkout', () => {
    expect(moderato(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
    expect(moderato(['no-such-verb'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is no verb'),
    })
  })

  it('says on a Node that is too old which one is needed', () => {
    const needed = Number(/^>=(\d+)$/.exec(engines.node)?.[1])
    const on = (node: string) =>
      moderato(['--version'], {
        before: `Object.defineProperty(process.versions, 'node', { value: '${node}' })`,
      })
    expect(on(`${needed - 1}.9.9`)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining(`moderato: needs Node ${needed} or newer, but this is v`),
    })
    expect(on(`${needed}.0.0`)).toMatchObject({ code: 0, out: `${version}\n` })
  })

  it('gives `serve` the gc of Node, in the same process', () => {
    const { code, out, err } = moderato(['serve', '--help'], { before: TELL })
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('usage: moderato serve') })
    const [first, second] = err
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '))
    expect([first?.[1], second?.[1]]).toEqual(['undefined', 'function'])
    expect(second?.[0]).toBe(first?.[0])
  })

  it('starts no other verb twice, nor a `serve` that has gc', () => {
    expect(moderato(['freeze', '--help'], { before: TELL }).err).toMatch(/^\d+ undefined\n$/)
    const { err } = moderato(['serve', '--help'], { before: TELL, flags: ['--expose-gc'] })
    expect(err).toMatch(/^\d+ function\n$/)
  })

  it('ends with the exit code of the verb', () => {
    expect(moderato(['serve'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--config must be given'),
    })
    expect(moderato(['serve', '--config', '/nowhere'])).toMatchObject({ code: 1 })
  })

  it('keeps compiled code in a folder that nobody else can write to', () => {
    const home = newHome()
    expect(moderato(['--version'], { home }).code).toBe(0)
    const folder = join(home, '.cache/moderato/compiled')
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(readdirSync(folder)).toHaveLength(1)
  })

  it('keeps none where others can write, or where there is no home', () => {
    const home = newHome()
    const folder = join(home, '.cache/moderato')
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o777)
    expect(moderato(['--version'], { home })).toMatchObject({ code: 0, err: '' })
    expect(readdirSync(join(folder, 'compiled'))).toEqual([])
    const none = join(newHome(), 'none')
    expect(moderato(['--version'], { home: none })).toMatchObject({ code: 0, err: '' })
    expect(existsSync(none)).toBe(false)
  })
})
