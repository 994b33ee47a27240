/** The files that a configuration names: where they are, and what they are for. */
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isReloaded } from './diff.ts'
import { getAt } from './dotted.ts'
import type { LoadedConfig } from './loaded.ts'
import type { Config } from './schema/config.ts'
import type { FileKind } from './schema/setting.ts'
import { replaceSettings } from './schema/tree.ts'
import { SETTINGS } from './settings.ts'

export interface NamedFile {
  /** The setting, such as `admin.people.0.tokenFile`. */
  readonly path: string
  readonly file: string
  readonly kind: FileKind
  /** A noun for messages, such as `the token of alice`. */
  readonly what: string
}

/** Returns the configuration with relative paths resolved against the folder of its file. */
export function withResolvedPaths(config: Config, folder: string): Config {
  const resolved = replaceSettings(SETTINGS.root, config, ({ file }, value) => {
    if (file === undefined || typeof value !== 'string') return value
    return resolve(folder, file.kind === 'socket' ? value.replace(/^unix:(?:\/\/)?/, '') : value)
  })
  return resolved as Config
}

/** Returns every file that the configuration names. */
export function namedFiles(config: Config): readonly NamedFile[] {
  const found: NamedFile[] = []
  replaceSettings(SETTINGS.root, config, ({ file }, value, at) => {
    if (file !== undefined && typeof value === 'string')
      found.push({
        path: at.join('.'),
        file: value,
        kind: file.kind,
        what: `${file.what}${ownerOf(config, at)}`,
      })
    return value
  })
  return found
}

/** Whose file it is, where an entry of a list names it. */
function ownerOf(config: Config, at: readonly string[]): string {
  const index = at.findLastIndex((name) => /^\d+$/.test(name))
  const entry = index < 0 ? undefined : at.slice(0, index + 1).join('.')
  const name = entry && (getAt(config, `${entry}.id`) ?? getAt(config, `${entry}.name`))
  return typeof name === 'string' ? ` of ${name}` : ''
}

/** Returns the files whose change asks for a reload: the configuration, and what a reload reads anew. */
export function watchedFiles({ file, config }: LoadedConfig): readonly string[] {
  const read = namedFiles(config).filter(({ path }) => isReloaded(path))
  return [resolve(file), ...read.flatMap(contentsOf)]
}

/**
 * Returns the files that nobody but their owner may write, each with its setting (security rule S22); the path of the
 * configuration itself is empty. A socket is another program's.
 */
export function protectedFiles({ file, config }: LoadedConfig): readonly Pick<NamedFile, 'path' | 'file'>[] {
  const ours = namedFiles(config).filter(({ kind }) => kind !== 'socket')
  const each = ours.flatMap((named) => contentsOf(named).map((inner) => ({ path: named.path, file: inner })))
  return [{ path: '', file: resolve(file) }, ...each]
}

/** A bundle is one file, or a folder of these. */
function contentsOf({ file, kind }: NamedFile): string[] {
  if (kind !== 'bundle' || statSync(file, { throwIfNoEntry: false })?.isDirectory() !== true) return [file]
  return ['policy.wasm', '.manifest', 'data.json'].map((name) => join(file, name))
}
