/** Every command line in README and docs/ names a verb, flags and scripts that exist. */
import { Readable, Writable } from 'node:stream'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Verb } from '../../proxy/cli/verb.ts'
import { MAIN, USER_PAGES } from '../support/docs.ts'
import { codeBlocks, inlineCode, ROOT } from '../support/markdown.ts'
import { typedCommands } from '../support/typed-commands.ts'

const help = spawnSync(process.execPath, [MAIN, '--help'], { encoding: 'utf8' }).stdout
const VERBS = new Set([...help.matchAll(/^ {2}([a-z]+) +/gm)].map(([, verb = '']) => verb))
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}

/** Returns the scripts of a page: its blocks, what its profiles run, and commands in its text. */
function scriptsOf(file: string): readonly string[] {
  const profiles = codeBlocks(file, 'ini').flatMap((text) =>
    [...text.matchAll(/^credential_process = (.+)$/gm)].map(([, command = '']) => command),
  )
  const inText = inlineCode(file).filter((text) => /^(moderato|npm) [a-z]/.test(text))
  return [...codeBlocks(file, 'sh'), ...profiles, ...inText]
}

/** Returns the arguments of `moderato`, however it is called; undefined for another command. */
function moderatoArguments([command, ...args]: readonly string[]): readonly string[] | undefined {
  if (command === 'moderato') return args
  if (command !== 'npm') return undefined
  const script = scriptOf(args)
  const own = args.includes('--') ? args.slice(args.indexOf('--') + 1) : []
  if (script === 'moderato') return own.length === 0 ? undefined : own
  return script === 'start' ? ['serve', ...own] : undefined
}

/** Returns the script that npm runs; undefined for another command of npm. */
function scriptOf(args: readonly string[]): string | undefined {
  const words = args.filter((word, index) => !word.startsWith('-') && args[index - 1] !== '--prefix')
  const [first, second] = words
  return first === 'run' ? second : first === 'test' || first === 'start' ? first : undefined
}

/** Asks the verb for its help with these arguments, which it gives only if it knows every flag. */
async function helpOf([name = '', ...args]: readonly string[]) {
  const { run } = (await import(join(ROOT, `proxy/cli/${name}.ts`))) as { readonly run: Verb }
  const texts = { out: '', err: '' }
  const into = (key: 'out' | 'err') =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        texts[key] += chunk.toString()
        done()
      },
    })
  const end = args.includes('--') ? args.indexOf('--') : args.length
  const asking = [...args.slice(0, end), '--help', ...args.slice(end)]
  const code = await run(asking, { stdin: Readable.from([]), stdout: into('out'), stderr: into('err') })
  return { code, ...texts }
}

const typed = USER_PAGES.flatMap((file) =>
  scriptsOf(file).flatMap((script) =>
    typedCommands(script).map((words) => ({ file, words, line: words.join(' ').slice(0, 150) })),
  ),
)
const ofModerato = typed.flatMap(({ file, words, line }) => {
  const args = moderatoArguments(words)
  return args === undefined ? [] : [{ file, args, line }]
})

describe('moderato, as the docs type it', () => {
  it.each(ofModerato)('$file: $line', async ({ args }) => {
    const [verb = '', action = ''] = args
    expect([...VERBS]).toContain(verb)
    const { code, out, err } = await helpOf(args)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    if (/^[a-z][a-z-]*$/.test(action)) expect(out).toMatch(new RegExp(`\\b${action}\\b`))
  })

  it('is shown with every verb', () => {
    const shown = new Set(ofModerato.map(({ args }) => args[0]))
    expect([...VERBS].filter((verb) => !shown.has(verb))).toEqual([])
  })

  it('would be refused with a flag or a verb that does not exist', async () => {
    expect(await helpOf(['freeze', 'all', '--because', 'x'])).toMatchObject({ code: 2 })
    expect([...VERBS]).not.toContain('thaw')
    expect(() => typedCommands('nonsense --flag')).toThrow(/nonsense/)
  })
})

describe('npm, as the docs type it', () => {
  const run = typed.flatMap(({ file, words: [command, ...args] }) => {
    const script = command === 'npm' ? scriptOf(args) : undefined
    return script === undefined ? [] : [{ file, script }]
  })

  it.each(run)('$file: npm script $script', ({ script }) => {
    expect(Object.keys(scripts)).toContain(script)
  })

  it('is typed somewhere', () => {
    expect(run.map(({ script }) => script)).toEqual(expect.arrayContaining(['demo', 'start', 'moderato']))
  })
})
