/**
 * Writes into `dist/` what `npm pack` packs beside the sources; with `--clean` removes it again. npm calls both.
 *
 * `dist/` holds the modules that the command reaches, with their types stripped, and the files that those modules read.
 * Node strips no types inside node_modules. Its own stripper keeps every line and column, so that the installed code is the
 * tested code, and a stack trace names the lines of the sources. Modules that the command does not reach (generators) are
 * not packed.
 *
 * The package contains its dependencies (`bundleDependencies`). Otherwise `npm i -g` would install the newest versions of
 * indirect dependencies: untested code, near AWS credentials. An npm-shrinkwrap.json would not prevent it: npm obeys one
 * only in packages from a registry, not in a tarball. Nothing in the bundle is compiled for one system.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { lockDifferences } from './lock.ts'
import { stripped } from './module.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const DIST = join(ROOT, 'dist')
const ENTRY = join(ROOT, 'proxy/main.ts')
/** The licences of data files are beside the data. */
const NOTICE = 'NOTICE.md'

/** Writes a module or a data file, and everything that it needs, into `dist/`. */
function write(entry: string): void {
  const done = new Set<string>()
  const waiting = [entry]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (done.has(file)) continue
    done.add(file)
    const target = join(DIST, inRoot(file))
    mkdirSync(dirname(target), { recursive: true })
    if (file.endsWith('.ts')) {
      const { text, needs } = stripped(readFileSync(file, 'utf8'), pathToFileURL(file))
      writeFileSync(target.replace(/\.ts$/, '.js'), text)
      waiting.push(...needs)
    } else {
      cpSync(file, target, { recursive: statSync(file).isDirectory() })
      const notice = join(dirname(file), NOTICE)
      if (existsSync(notice)) cpSync(notice, join(dirname(target), NOTICE))
    }
  }
}

function inRoot(file: string): string {
  const path = relative(ROOT, file)
  if (path.startsWith('..')) throw new Error(`${file} is outside the repository, so it cannot be packed`)
  return path
}

rmSync(DIST, { recursive: true, force: true })
if (!process.argv.includes('--clean')) {
  const wrong = lockDifferences(ROOT)
  if (wrong.length > 0)
    throw new Error(`node_modules differs from package-lock.json; run npm ci: ${wrong.join(', ')}`)
  write(ENTRY)
}
