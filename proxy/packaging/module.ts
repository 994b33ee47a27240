/** Turns a TypeScript module into the JavaScript of the package, which imports `.js` files. Pure. */
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import { initSync, parse, type ImportSpecifier } from 'es-module-lexer'

/** The JavaScript of one module, and the files that it needs. */
export interface Stripped {
  readonly text: string
  /** Absolute paths of the modules, data files and folders that it reaches. */
  readonly needs: readonly string[]
}

interface Reference {
  /** The path as the module writes it, relative to the module. */
  readonly path: string
  /** The offset at which the path ends in the text. */
  readonly end: number
}

/** Matches the text before `import.meta.url`: `new URL('PATH', `, or `` new URL(`FOLDER/${...}`, ``. */
const FILE_URL = /new URL\((['`])(?<path>[^'`$]+)(?<rest>\$\{[^`]*)?\1, $/
/** Matches uses of `import.meta` that name no file to be packed; package.json is packed anyway. */
const NAMES_NO_FILE = /^import\.meta\.main\b/
const GIVEN_TO_NODE = /\b(?:createRequire\(|findPackageJSON\(|process\.argv\[1\] === )$/

initSync()

/**
 * Strips the types of a module, and finds the files that it reaches by `import` or by `new URL('...', import.meta.url)`.
 * Throws for any other form of naming a file, so that no package lacks one.
 */
export function stripped(source: string, url: URL): Stripped {
  const js = stripTypeScriptTypes(source)
  const [imports] = parse(js)
  const references = imports.flatMap((each) => (each.d === -2 ? dataOf(js, each, url) : importOf(each, url)))
  const ends = references.filter(({ path }) => path.endsWith('.ts')).map(({ end }) => end)
  let text = ''
  let from = 0
  for (const end of ends.toSorted((a, b) => a - b)) {
    text += `${js.slice(from, end - '.ts'.length)}.js`
    from = end
  }
  return {
    text: text + js.slice(from),
    needs: references.map(({ path }) => fileURLToPath(new URL(path, url)).replace(/\/$/, '')),
  }
}

function importOf({ n: path, s, e, d }: ImportSpecifier, url: URL): Reference[] {
  if (path === undefined)
    throw new Error(`${url.pathname}: cannot tell which module is imported at offset ${s}`)
  if (!path.startsWith('.')) return []
  // The bounds of a dynamic import include its quotes.
  return [{ path, end: d < 0 ? e : e - 1 }]
}

function dataOf(js: string, { s, e }: ImportSpecifier, url: URL): Reference[] {
  const before = js.slice(0, s)
  const found = FILE_URL.exec(before.slice(before.lastIndexOf('\n') + 1))
  const { path, rest } = found?.groups ?? {}
  if (path !== undefined && (rest === undefined || path.endsWith('/'))) {
    return [{ path, end: before.lastIndexOf(path) + path.length }]
  }
  if (NAMES_NO_FILE.test(js.slice(s, e + 10)) || GIVEN_TO_NODE.test(before)) return []
  const line = before.split('\n').length
  throw new Error(
    `${url.pathname}:${line}: write new URL('FILE', import.meta.url), so that the file is packed`,
  )
}
