/**
 * The walls of the house, as a lint rule: one table of floors for the whole tree. A file imports its own folder and the
 * floors below it, by value or by type; never a folder of its own floor, and never one above.
 */
import { dirname, relative, resolve } from 'node:path'

/** From the ground up. A folder's own subfolders are in it, but for those that have a row in `INSIDE`. */
const FLOORS: readonly (readonly string[])[] = [
  ['policy'],
  ['proxy/core', 'proxy/operators'],
  ['proxy/audit', 'proxy/pacing', 'proxy/sigv4'],
  ['proxy/aws', 'proxy/exchange', 'proxy/observe'],
  ['proxy/config', 'proxy/pipeline'],
  ['proxy/state', 'proxy/upstream'],
  ['proxy/approvals', 'proxy/freeze', 'proxy/identity'],
  ['proxy/credentials', 'proxy/runtime', 'proxy/watch'],
  ['proxy/agent-api', 'proxy/breakglass', 'proxy/incident'],
  ['proxy/admin', 'proxy/stages'],
  ['proxy/replay', 'proxy/server'],
  ['proxy/cli', 'proxy/packaging'],
  ['proxy/main.ts'],
  ['proxy/bin.js'],
]

/** Floors inside a folder; `.` stands for the files that lie in the folder itself. */
const INSIDE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'proxy/core': [['denial', '.'], ['http']],
  'proxy/aws': [
    ['catalogue', 'errors', 'protocols'],
    ['endpoints', 'identify'],
    ['resources'],
    ['classify/contents'],
    ['classify'],
    ['.'],
    ['private'],
  ],
  'proxy/config': [['schema'], ['checks'], ['.']],
  'proxy/identity': [['providers'], ['.']],
  'proxy/watch': [['detectors'], ['.']],
  'proxy/agent-api': [['.'], ['presign'], ['stages']],
  'proxy/server': [['receive'], ['.']],
}

/** Each of these is by itself: a stage never imports another, nor does a detector. What they share stands lower. */
const APART: readonly string[] = ['proxy/stages', 'proxy/agent-api/stages']

/** Folders that do no I/O: everything comes in by parameters. */
const PURE: readonly string[] = [
  'proxy/sigv4',
  'proxy/pacing',
  'proxy/exchange',
  'proxy/aws/classify',
  'proxy/aws/errors',
  'proxy/aws/identify',
  'proxy/aws/private',
  'proxy/aws/protocols',
  'proxy/aws/resources',
]
const IO =
  /^node:(?:fs|net|http|https|http2|tls|dns|child_process|worker_threads|timers)(?:\/|$)|^(?:pino|undici|ioredis)$/

const ROOT = resolve(import.meta.dirname, '..')

interface Import {
  readonly source: { readonly value: unknown } | null
}

interface RuleContext {
  readonly filename: string
  report(problem: { readonly node: unknown; readonly message: string }): void
}

/** Returns why the file may not import that, or undefined. Both are paths below the repository, or a package's name. */
export function wallBetween(file: string, imported: string): string | undefined {
  if (PURE.some((folder) => isIn(file, folder)) && IO.test(imported)) {
    return `${folderOf(file)} is pure: it does no I/O, so what needs ${imported} belongs elsewhere.`
  }
  const [own, other] = [floorOf(file), floorOf(imported)]
  const homeless = [file, imported].find((path) => path.startsWith('proxy/') && floorOf(path) === undefined)
  if (homeless !== undefined) return `${homeless} has no floor: give its folder a row in .oxlint/walls.ts.`
  if (own === undefined || other === undefined) return undefined
  if (own.folder !== other.folder) {
    if (other.floor < own.floor) return undefined
    return `${own.folder} stands on floor ${own.floor}, ${other.folder} on ${other.floor}: import from floors below only (.oxlint/walls.ts).`
  }
  return wallInside(own.folder, file, imported) ?? wallApart(file, imported)
}

function wallInside(folder: string, file: string, imported: string): string | undefined {
  const floors = INSIDE[folder]
  if (floors === undefined) return undefined
  const [own, other] = [roomIn(folder, file, floors), roomIn(folder, imported, floors)]
  if (own.name === other.name || other.floor < own.floor) return undefined
  return `${folder}/${own.name} stands below ${other.name}, or beside it: import from floors below only (.oxlint/walls.ts).`
}

function wallApart(file: string, imported: string): string | undefined {
  const folder = APART.find((each) => isIn(file, each) && isIn(imported, each))
  if (folder === undefined) return undefined
  const nameIn = (path: string): string => path.slice(folder.length + 1).replace(/(?:\.ts|\/.*)$/, '')
  if (nameIn(file) === nameIn(imported)) return undefined
  return `${nameIn(file)} may not import ${nameIn(imported)}: what stages share belongs on a floor below.`
}

function floorOf(path: string): { readonly folder: string; readonly floor: number } | undefined {
  for (const [floor, folders] of FLOORS.entries()) {
    const folder = folders.find((each) => isIn(path, each))
    if (folder !== undefined) return { folder, floor: floor + 1 }
  }
  return undefined
}

function roomIn(folder: string, path: string, floors: readonly (readonly string[])[]) {
  const inner = path.slice(folder.length + 1)
  const all = floors.flatMap((names, floor) => names.map((name) => ({ name, floor })))
  const longest = all.toSorted((a, b) => b.name.length - a.name.length)
  const found = longest.find(({ name }) => inner.startsWith(`${name}/`))
  return found ?? longest.find(({ name }) => name === '.') ?? { name: inner, floor: -1 }
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

function folderOf(path: string): string {
  return dirname(path)
}

const floors = {
  create(context: RuleContext) {
    const file = relative(ROOT, context.filename)
    const check = (node: Import): void => {
      const named = node.source?.value
      if (typeof named !== 'string') return
      const imported = named.startsWith('.')
        ? relative(ROOT, resolve(dirname(context.filename), named))
        : named
      const why = wallBetween(file, imported)
      if (why !== undefined) context.report({ node, message: why })
    }
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    }
  },
}

// The plugin's shape is ESLint's: a default export of its rules.
// oxlint-disable-next-line import/no-default-export
export default { meta: { name: 'walls' }, rules: { floors } }
