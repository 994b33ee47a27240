import { describe, expect, it } from 'vitest'
import { stripped } from '../../proxy/packaging/module.ts'

const URL_OF = new URL('file:///house/proxy/room/module.ts')
const packed = (...lines: string[]) => stripped(lines.join('\n'), URL_OF)

describe('stripped', () => {
  it('names the packed modules in static and dynamic imports and in exports, and tells where they are', () => {
    const { text, needs } = packed(
      "import { a } from './a.ts'",
      "export { b } from '../b.ts'",
      "export const c = () => import('./c.ts')",
    )
    expect(text.split('\n')).toEqual([
      "import { a } from './a.js'",
      "export { b } from '../b.js'",
      "export const c = () => import('./c.js')",
    ])
    expect(needs).toEqual(['/house/proxy/room/a.ts', '/house/proxy/b.ts', '/house/proxy/room/c.ts'])
  })

  it('keeps every line and column of the code', () => {
    const lines = [
      'interface A {',
      '  b: string',
      '}',
      'export const c = (d: A): never => {',
      '  throw d',
      '}',
    ]
    const { text } = packed(...lines)
    expect(text.split('\n').map((line) => line.indexOf('throw'))).toEqual([-1, -1, -1, -1, 2, -1])
  })

  it('needs nothing for types, packages and what only looks like an import', () => {
    const { text, needs } = packed(
      "import type { A } from './a.ts'",
      "import { readFileSync } from 'node:fs'",
      "import { z } from 'zod'",
      '// import { b } from "./b.ts"',
      `export const text = "import { c } from './c.ts'"`,
    )
    expect(needs).toEqual([])
    expect(text).toContain(`"import { c } from './c.ts'"`)
  })

  it('finds data files, folders and modules that are named by new URL', () => {
    const { text, needs } = packed(
      "const data = new URL('data.json.br', import.meta.url)",
      'const page = (name) => new URL(`pages/${name}`, import.meta.url)',
      "const program = new URL('program.ts', import.meta.url)",
      "const bundle = fileURLToPath(new URL('../../rego/bundle', import.meta.url))",
      "import table from './table.json' with { type: 'json' }",
    )
    expect(needs).toEqual([
      '/house/proxy/room/data.json.br',
      '/house/proxy/room/pages',
      '/house/proxy/room/program.ts',
      '/house/rego/bundle',
      '/house/proxy/room/table.json',
    ])
    expect(text).toContain("new URL('program.js', import.meta.url)")
  })

  it.each([
    'const where = import.meta.dirname',
    'const where = fileURLToPath(import.meta.url)',
    'const where = new URL(name, import.meta.url)',
    'const where = new URL(`part-${name}`, import.meta.url)',
  ])('refuses a way to name a file that it cannot follow: %s', (line) => {
    expect(() => packed('', line)).toThrow("module.ts:2: write new URL('FILE', import.meta.url)")
  })

  it.each([
    'const require = createRequire(import.meta.url)',
    'const manifest = findPackageJSON(import.meta.url)',
    'if (import.meta.main) start()',
    'if (process.argv[1] === import.meta.filename) start()',
  ])('leaves alone what names no file: %s', (line) => {
    expect(packed(line)).toEqual({ text: line, needs: [] })
  })

  it('refuses an import that is computed', () => {
    expect(() => packed('await import(name)')).toThrow('cannot tell which module is imported')
  })
})
