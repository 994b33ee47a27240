/** Reads the configuration. Nothing else reads its file; beside it, only `command-environment.ts` reads process.env. */
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { stateProblems } from './checks/state.ts'
import { watchProblems } from './checks/watch.ts'
import { configProblems } from './checks/settings.ts'
import { identityProblems } from './checks/identity.ts'
import { environmentOverrides } from './environment.ts'
import { leafPaths, setAt } from './dotted.ts'
import { protectedFiles, withResolvedPaths } from './files.ts'
import { ConfigSchema } from './schema/config.ts'
import { tlsProblems } from './tls.ts'
import { errorMessage } from '../core/error-message.ts'
import { ConfigError, type LoadedConfig } from './loaded.ts'
import { plainWords, schemaFindings } from './words.ts'

/**
 * Reads a YAML file, lays the environment over it, and checks the whole.
 *
 * Throws `ConfigError` with every finding at once. Nothing is changed or created.
 */
export function loadConfig(file: string, environment: NodeJS.ProcessEnv = process.env): LoadedConfig {
  const folder = dirname(resolve(file))
  let given: unknown
  try {
    given = parseYaml(readFileSync(file, 'utf8'), { uniqueKeys: true }) ?? {}
  } catch (error) {
    throw new ConfigError(file, [{ path: '', message: errorMessage(error) }])
  }
  const loaded = parseConfig(given, { file, folder, environment })
  const open = protectedFiles(loaded).filter((each) => isWritableByAll(each.file))
  if (open.length === 0) return loaded
  throw new ConfigError(
    file,
    open.map((each) => ({
      path: each.path,
      message: `${each.file} can be written by everybody: run chmod o-w ${each.file} (rule S22)`,
    })),
  )
}

/**
 * Returns the configuration that a document makes, the environment laid over it, with relative paths resolved against
 * the folder. Reads the certificates that it names, to say what is wrong with them.
 *
 * Throws `ConfigError` with every finding at once.
 */
export function parseConfig(
  given: unknown,
  from: { readonly file: string; readonly folder: string; readonly environment: NodeJS.ProcessEnv },
): LoadedConfig {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigError(from.file, [{ path: '', message: 'must be a map of settings' }])
  }
  const { document, sources, findings } = overlaid(given as Record<string, unknown>, from.environment)
  const result = ConfigSchema.safeParse(document, { error: plainWords })
  if (!result.success) throw new ConfigError(from.file, [...findings, ...schemaFindings(result.error)])
  const problems = [
    ...findings,
    ...configProblems(result.data),
    ...stateProblems(result.data),
    ...identityProblems(result.data),
    ...watchProblems(result.data),
  ]
  if (problems.length > 0) throw new ConfigError(from.file, problems)
  const config = withResolvedPaths(result.data, from.folder)
  const unusable = [
    ...(config.listen.tls === undefined ? [] : tlsProblems('listen.tls', config.listen.tls)),
    ...(config.admin.tls === undefined ? [] : tlsProblems('admin.tls', config.admin.tls)),
  ]
  if (unusable.length > 0) throw new ConfigError(from.file, unusable)
  return { config, sources, file: from.file, folder: from.folder }
}

/** Lays the environment over the file, and notes where each value comes from. */
function overlaid(given: Readonly<Record<string, unknown>>, environment: NodeJS.ProcessEnv) {
  const document: Record<string, unknown> = structuredClone(given)
  const sources = new Map<string, string>()
  for (const path of leafPaths(document)) sources.set(path, 'file')
  const { overrides, findings } = environmentOverrides(environment, document)
  for (const { path, value, variable } of overrides) {
    for (const known of sources.keys())
      if (known === path || known.startsWith(`${path}.`)) sources.delete(known)
    setAt(document, path, value)
    sources.set(path, variable)
  }
  return { document, sources, findings }
}

/** Whoever can write what is in force needs no other way in. */
function isWritableByAll(file: string): boolean {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0
  return (mode & 0o002) !== 0
}

/**
 * Reads the configuration of a running Moderato, for a command that asks it. `MODERATO_ADMIN_TOKEN_FILE` is then the
 * file of the command's own token, and no setting. Throws as `loadConfig`.
 */
export function loadConfigOfRunning(
  file: string,
  environment: NodeJS.ProcessEnv = process.env,
): LoadedConfig {
  const { MODERATO_ADMIN_TOKEN_FILE: _, ...settings } = environment
  return loadConfig(file, settings)
}
