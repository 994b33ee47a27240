/** README's own examples, for the tests that type them as they stand there. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')
export const MAIN = join(ROOT, 'proxy/main.ts')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

/** The code blocks of one language in a chapter; `heading` with its level, as `## Break-glass`. */
export function readmeBlocks(heading: string, language: string): string[] {
  const level = heading.indexOf(' ')
  const [, after = ''] = README.split(`\n${heading}\n`)
  const [chapter = ''] = after.split(new RegExp(`^#{1,${level}} `, 'm'))
  const each = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm')
  return [...chapter.matchAll(each)].map(([, text = '']) => text)
}

/** Types a script in a folder, with a `moderato` as it is where it is installed. */
export function typeIn(folder: string, script: string) {
  const lines = [`moderato() { ${process.execPath} ${MAIN} "$@"; }`, 'set -e', script]
  const { PATH = '' } = process.env
  const ran = spawnSync('sh', ['-c', lines.join('\n')], { cwd: folder, encoding: 'utf8', env: { PATH } })
  return { code: ran.status, out: ran.stdout, err: ran.stderr }
}

/** `moderato serve` with the `moderato.yaml` of a folder, when it listens. */
export async function serveIn(folder: string): Promise<{ agents: string; end: () => Promise<void> }> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', 'moderato.yaml'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { agents } = (JSON.parse(line.toString()) as { listening: { agents: string } }).listening
  return {
    agents,
    async end() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
