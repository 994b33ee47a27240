import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findOpa, INSTALL_OPA, ROOT } from '../../policy/build.ts'
import { isTimeIndependent } from '../../policy/time-independence.ts'

const opa = findOpa()
if (opa === undefined) console.warn(`SKIPPED: what a policy can read; opa is missing: ${INSTALL_OPA}`)

const CAPABILITIES = join(ROOT, 'rego/capabilities.json')
let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'moderato-time-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function judged(module: string, capabilities = CAPABILITIES): boolean {
  const file = join(directory, 'policy.rego')
  writeFileSync(file, `package moderato\n\n${module}\n`)
  return isTimeIndependent(opa ?? '', [file], capabilities)
}

describe.skipIf(opa === undefined)('isTimeIndependent', () => {
  it.each([
    'a := input.call.count > 1',
    'a if some class in input.call.classes',
    'import input.call as call\n\na := call["service"]',
    '# METADATA\n# schemas:\n#   - input: schema.input\na := data.timeSeconds[input.agent.id]',
  ])('is true where only other members are read: %s', (module) => {
    expect(judged(module)).toBe(true)
  })

  it.each([
    'a := input.timeSeconds',
    'a := input["timeSeconds"] > 5',
    'a if { some name; input[name] > 5 }',
    'a := input[data.name]',
    'a := object.get(input, "timeSeconds", 0)',
    'whole := input\n\na := whole.timeSeconds',
    'f(x) := x.timeSeconds\n\na := f(input)',
    'import input as everything\n\na := everything.timeSeconds',
    'import input.timeSeconds as now\n\na := now',
    'a := $"{input.timeSeconds}"',
    'a := [x | x := input.timeSeconds]',
    'a if every x in input { x > 5 }',
    'a if data.x == 1 with input.timeSeconds as 5',
    'a := 1 if input.call.count > 5\n\nelse := input.timeSeconds',
  ])('is false where the time can be read: %s', (module) => {
    expect(judged(module)).toBe(false)
  })

  it.each([
    { name: 'time.now_ns', pure: false },
    { name: 'rand.intn', pure: false },
    { name: 'http.send', pure: false },
    { name: 'opa.runtime', pure: false },
    { name: 'uuid.rfc4122', pure: false },
    { name: 'a.builtin.nobody.knows', pure: false },
    { name: 'count', pure: true },
    { name: 'moderato.arn_match', pure: true },
  ])('is $pure where $name can be called', ({ name, pure }) => {
    const file = join(directory, 'capabilities.json')
    writeFileSync(file, JSON.stringify({ builtins: [{ name }] }))
    expect(judged('a := 1', file)).toBe(pure)
  })
})
