/** Reads the configuration: the only reader of process.env and of the config file. */
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { stateProblems } from './checks/state.ts'
import { watchProblems } from './checks/watch.ts'
import { configProblems } from './checks/settings.ts'
import type { Finding } from './finding.ts'
import { identityProblems } from './checks/identity.ts'
import { environmentOverrides } from './environment.ts'
import { leafPaths, setAt } from './dotted.ts'
import { protectedFiles, withResolvedPaths } from './files.ts'
import { ConfigSchema } from './schema/config.ts'
import { tlsProblems } from './tls.ts'
import { errorMessage } from '../core/error-message.ts'
import { ConfigError, type LoadedConfig } from './loaded.ts'

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
  const open = protectedFiles(loaded).filter((each) => isWritableByAll(each))
  if (open.length === 0) return loaded
  throw new ConfigError(
    file,
    open.map((each) => ({ path: '', message: `${each} can be written by everybody: chmod o-w (rule S22)` })),
  )
}

export function parseConfig(
  given: unknown,
  from: { readonly file: string; readonly folder: string; readonly environment: NodeJS.ProcessEnv },
): LoadedConfig {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigError(from.file, [{ path: '', message: 'must be a map of settings' }])
  }
  const document = structuredClone(given) as Record<string, unknown>
  const sources = new Map<string, string>()
  for (const path of leafPaths(document)) sources.set(path, 'file')
  const { overrides, findings } = environmentOverrides(from.environment, document)
  for (const { path, value, variable } of overrides) {
    for (const known of sources.keys())
      if (known === path || known.startsWith(`${path}.`)) sources.delete(known)
    setAt(document, path, value)
    sources.set(path, variable)
  }
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

/** What the schema itself does not say better. */
function plainWords({ code, input, inst }: z.core.$ZodRawIssue): string | undefined {
  if (code === 'invalid_type' && input === undefined) return 'is missing'
  if (code !== 'unrecognized_keys') return undefined
  const names = namesIn(inst)
  return names.length === 0 ? 'is not a setting' : `is not a setting: give ${names.join(', ')}`
}

/** The members that a map may have; none where that is open. */
function namesIn(schema: unknown): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape)
  const named = schema instanceof z.ZodRecord ? schema.keyType : undefined
  return named instanceof z.ZodEnum ? named.options.map(String) : []
}

function schemaFindings(error: z.ZodError): Finding[] {
  return error.issues.flatMap((issue): Finding[] => {
    const path = issue.path.map(String).join('.')
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
    return issue.keys.map((key) => ({ path: path === '' ? key : `${path}.${key}`, message: issue.message }))
  })
}

/** Who can write what is in force, as soon as it is written, needs no other way in. */
function isWritableByAll(file: string): boolean {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0
  return (mode & 0o002) !== 0
}

/** Where a command finds a running Moderato, as the environment says it: its address, a token's file, an authority. */
export interface AdminPlace {
  readonly url: string | undefined
  readonly tokenFile: string | undefined
  readonly ca: string | undefined
}

export function adminPlace(environment: NodeJS.ProcessEnv = process.env): AdminPlace {
  return {
    url: environment['MODERATO_ADMIN_URL'],
    tokenFile: environment['MODERATO_ADMIN_TOKEN_FILE'],
    ca: environment['MODERATO_ADMIN_CA'],
  }
}

/** The configuration of a running Moderato, for a command: whose token file is the command's is no setting then. */
export function loadConfigOfRunning(
  file: string,
  environment: NodeJS.ProcessEnv = process.env,
): LoadedConfig {
  const { MODERATO_ADMIN_TOKEN_FILE: _, ...settings } = environment
  return loadConfig(file, settings)
}

/** The environment that a command was started in, for those that make one for another. */
export function environmentOf(
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  const given = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return Object.fromEntries(given)
}
