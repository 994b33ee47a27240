import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const COMPOSE = join(ROOT, 'proxy/server/compose.ts')
const PIPE = /^ {4}\.pipe\((\w+)\)$/

interface Variant {
  readonly name: string
  readonly text: string
}

/** The imports of compose.ts, as they are found from any folder. */
function header(source: string): string {
  const imports = source.split('\n').filter((line) => /^(import|type ReadProof) /.test(line))
  return imports
    .join('\n')
    .replaceAll(/from '(\..*?)'/g, (_, path: string) => `from '${resolve(dirname(COMPOSE), path)}'`)
}

/** Each route of compose.ts, as it stands there. */
function routesIn(source: string): { readonly name: string; readonly lines: readonly string[] }[] {
  return [...source.matchAll(/^export function (\w+Route)\([^]*?^}$/gm)].map(([text, name = '']) => ({
    name,
    lines: text.split('\n'),
  }))
}

/** Every route with one stage left out, and with two that changed places. */
function variantsOf({ name, lines }: ReturnType<typeof routesIn>[number]): Variant[] {
  const pipes = lines.flatMap((line, at) => (PIPE.test(line) ? [at] : []))
  const stage = (at: number): string => PIPE.exec(lines[at] ?? '')?.[1] ?? ''
  const left = pipes.map((at) => ({
    name: `${name} without ${stage(at)}`,
    text: lines.filter((_, index) => index !== at).join('\n'),
  }))
  const swapped = pipes.flatMap((one, index) =>
    pipes.slice(index + 1).map((other) => ({
      name: `${name} with ${stage(one)} and ${stage(other)} swapped`,
      text: lines
        .map((line, at) => (at === one ? lines[other] : at === other ? lines[one] : line))
        .join('\n'),
    })),
  )
  return [...left, ...swapped]
}

/** The variants that compile: each stands in a block of its own, and must have an error in it. */
function compiling(imports: string, variants: readonly Variant[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-compose-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const blocks = variants.map(({ text }, index) =>
    text.replace(/^export function (\w+)\(/, (_, name: string) => `export function ${name}${index}(`),
  )
  const file = [imports, ...blocks].join('\n\n')
  writeFileSync(join(folder, 'variants.ts'), file)
  const options = { noEmit: true, noUnusedLocals: false, typeRoots: [join(ROOT, 'node_modules/@types')] }
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: options,
    include: [],
    files: ['variants.ts', join(ROOT, 'policy/webassembly.d.ts')],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  // To a file: tsc ends before a pipe has taken all that it says.
  const output = join(folder, 'output.txt')
  const out = openSync(output, 'w')
  spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['--project', folder, '--pretty', 'false'], {
    cwd: folder,
    stdio: ['ignore', out, 'inherit'],
  })
  closeSync(out)
  const stdout = readFileSync(output, 'utf8')
  const errorLines = [...stdout.matchAll(/variants\.ts\((\d+),/g)].map(([, line]) => Number(line))
  const foreign = stdout.split('\n').filter((line) => /error TS/.test(line) && !line.includes('variants.ts('))
  expect(foreign).toEqual([])
  let next = imports.split('\n').length + 2
  return variants.flatMap(({ name }, index) => {
    const first = next
    const count = (blocks[index] ?? '').split('\n').length
    next += count + 1
    return errorLines.some((line) => line >= first && line < first + count) ? [] : [name]
  })
}

describe('compose.ts', () => {
  const source = readFileSync(COMPOSE, 'utf8')
  const imports = header(source)
  const routes = routesIn(source)

  it('has all routes on one page, each a list of stages', () => {
    expect(routes.map(({ name }) => name)).toEqual([
      'callRoute',
      'upstreamRoute',
      'stsRoute',
      'signRoute',
      'signedTaskRoute',
      'provedTaskRoute',
      'credentialsRoute',
    ])
    for (const { name, lines } of routes) expect(lines.length, name).toBeLessThan(30)
  })

  it('compiles as it stands, where the variants are compiled', () => {
    const unchanged = routes.map(({ name, lines }) => ({ name, text: lines.join('\n') }))
    const names = routes.map(({ name }) => name)
    const own = unchanged.map(({ name, text }, index) => ({
      name,
      // A route calls others by the names that they have here.
      text: text
        .replaceAll(/\b(\w+Route)\(stages\)/g, (call, called: string) =>
          names.includes(called) ? `${called}${names.indexOf(called)}(stages)` : call,
        )
        .replace(`function ${name}${index}(`, `function ${name}(`),
    }))
    expect(compiling(imports, own)).toEqual(names)
  })

  it('does not compile with any one stage left out, nor with any two swapped', () => {
    const variants = routes.flatMap((route) => variantsOf(route))
    const helpers = `import { stsRoute, upstreamRoute } from '${COMPOSE}'`
    expect(variants.length).toBeGreaterThan(400)
    expect(compiling(`${imports}\n${helpers}`, variants)).toEqual([])
    console.log(`compose.ts: ${variants.length} variants of ${routes.length} routes, none compiles`)
  }, 120_000)
})
