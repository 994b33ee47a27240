import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { findOpa, INSTALL_OPA, ROOT, staleness } from '../../policy/build.ts'
import type { PolicyInput } from '../../policy/engine.ts'
import { PolicyInputSchema } from '../../policy/input.ts'
import { HOST_BUILTINS } from '../../policy/opa-wasm.ts'
import { inputOf } from './samples.ts'

const opa = findOpa()
if (opa === undefined) console.warn(`SKIPPED: tests of rego/ with opa; it is missing: ${INSTALL_OPA}`)

const CAPABILITIES = ['--capabilities', 'rego/capabilities.json']
const CHECK = ['check', '--strict', ...CAPABILITIES, '--schema', 'rego/schemas', 'rego/moderato']
const Coverage = z.object({ files: z.record(z.string(), z.object({ coverage: z.number().default(0) })) })
const Capabilities = z.object({ builtins: z.array(z.object({ name: z.string() })) })

function run(args: readonly string[], cwd = ROOT) {
  const { status, stdout, stderr } = spawnSync(opa ?? '', args, { cwd, encoding: 'utf8' })
  return { status, stdout, output: stdout + stderr }
}

/** Runs `opa check` on a copy of rego/ with one module added. */
function checkWith(module: string) {
  const directory = mkdtempSync(join(tmpdir(), 'moderato-rego-'))
  try {
    cpSync(join(ROOT, 'rego'), join(directory, 'rego'), { recursive: true })
    writeFileSync(join(directory, 'rego/moderato/added.rego'), module)
    return run(CHECK, directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe('the committed bundle', () => {
  it('was made of the committed sources', () => {
    expect(staleness(undefined)).toEqual([])
  })

  it('is declared the builtins that the host gives, and no others of its own', () => {
    const { builtins } = Capabilities.parse(
      JSON.parse(readFileSync(join(ROOT, 'rego/capabilities.json'), 'utf8')),
    )
    const own = builtins.map(({ name }) => name).filter((name) => name.startsWith('moderato.'))
    expect(own).toEqual(Object.keys(HOST_BUILTINS))
  })
})

describe('the input schema', () => {
  it('accepts exactly a PolicyInput', () => {
    const parsed: PolicyInput = PolicyInputSchema.parse(inputOf())
    const given: z.input<typeof PolicyInputSchema> = inputOf()
    expect(parsed).toEqual(given)
    expect(PolicyInputSchema.safeParse({ ...inputOf(), secret: 'x' }).success).toBe(false)
  })
})

describe.skipIf(opa === undefined)('rego/', () => {
  it('passes opa test, every module at least 90 % covered by it', () => {
    const plain = run(['test', ...CAPABILITIES, '--fail-on-empty', 'rego/moderato'])
    expect(plain.status, plain.output).toBe(0)
    const covered = run(['test', ...CAPABILITIES, '--coverage', '--threshold', '90', 'rego/moderato'])
    expect(covered.status, covered.output).toBe(0)
    const files = Object.entries(Coverage.parse(JSON.parse(covered.stdout)).files)
    const modules = files.filter(([name]) => !name.endsWith('_test.rego'))
    expect(modules.length).toBeGreaterThanOrEqual(7)
    expect(modules.filter(([, { coverage }]) => coverage < 90)).toEqual([])
  })

  it('passes opa check --strict against the input schema', () => {
    const { status, output } = run(CHECK)
    expect(status, output).toBe(0)
  })

  it('fails the check on a misspelt input and on a builtin that wasm lacks', () => {
    const head = '# METADATA\n# schemas:\n#   - input: schema.input\npackage moderato.added\n\n'
    expect(checkWith(`${head}x := input.call.servise\n`).output).toContain(
      'undefined ref: input.call.servise',
    )
    expect(checkWith(`${head}x := time.now_ns()\n`).output).toContain('undefined function time.now_ns')
    expect(checkWith(`${head}x := sprintf("%v", [1])\n`).output).toContain('undefined function sprintf')
  })

  it('is formatted', () => {
    const { status, output } = run(['fmt', '--fail', '--list', 'rego'])
    expect(status, output).toBe(0)
  })

  it('compiles to the committed bytes', () => {
    expect(staleness(opa)).toEqual([])
  })
})
