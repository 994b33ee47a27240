/** Runs the examples of the pages that users read, exactly as they are printed. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { END_WITH_PARENT } from './children.ts'
import { ROOT } from './markdown.ts'

export const MAIN = join(ROOT, 'proxy/main.ts')

/** The pages for users, from the root of the checkout. */
export const USER_PAGES: readonly string[] = ['README.md', ...globSync('docs/*.md', { cwd: ROOT }).toSorted()]

/** Runs a script in a folder, with the `moderato` command as if it were installed. */
export function typeIn(folder: string, script: string) {
  const lines = [`moderato() { ${process.execPath} ${MAIN} "$@"; }`, 'set -e', script]
  const { PATH = '' } = process.env
  const ran = spawnSync('sh', ['-c', lines.join('\n')], { cwd: folder, encoding: 'utf8', env: { PATH } })
  return { code: ran.status, out: ran.stdout, err: ran.stderr }
}

/** Starts `moderato serve` with the `moderato.yaml` of a folder; resolves once it listens. */
export async function serveIn(folder: string): Promise<{ agents: string; end: () => Promise<void> }> {
  const child = spawn(process.execPath, [...END_WITH_PARENT, MAIN, 'serve', '--config', 'moderato.yaml'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'ignore'],
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
