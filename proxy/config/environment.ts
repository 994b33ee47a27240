/** Environment overrides: `MODERATO_` and the setting's path in upper snake case; lists and maps as JSON. */
import { z } from 'zod'
import { didYouMean } from '../core/did-you-mean.ts'
import { getAt } from './dotted.ts'
import type { Finding } from './checks/finding.ts'
import type { EnvironmentRule } from './schema/setting.ts'
import { SETTINGS, type NamedSetting, type NamedSettings } from './settings.ts'

interface Override {
  readonly path: string
  readonly value: unknown
  readonly variable: string
}

/** For the commands that ask a running Moderato (`command-environment.ts`); they are no settings. */
const CLIENTS_OWN =
  /^MODERATO_(?:ADMIN_URL|ADMIN_CA|PROXY|CA|TOKEN_FILE|AUDIENCE|ACCESS_KEY_ID|SECRET_ACCESS_KEY)$/

/**
 * Returns the overrides that an environment holds, and what is wrong with them. Unknown `MODERATO_` names are findings.
 *
 * `document` is what the file says: whether it allows the environment everything, and what the environment may tighten.
 */
export function environmentOverrides(
  environment: NodeJS.ProcessEnv,
  document: Readonly<Record<string, unknown>>,
  settings: NamedSettings = SETTINGS,
): { overrides: Override[]; findings: Finding[] } {
  const named = new Map(
    [...settings.list, ...settings.optionalGroups].map((setting) => [setting.variable, setting]),
  )
  const overrides: Override[] = []
  const findings: Finding[] = []
  for (const [variable, text] of Object.entries(environment).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (!variable.startsWith('MODERATO_') || text === undefined || CLIENTS_OWN.test(variable)) continue
    const setting = named.get(variable)
    if (setting === undefined) {
      const hint = didYouMean(variable, named.keys())
      findings.push({
        path: variable,
        message: `names no setting${hint}: docs/configuration.md lists them all`,
      })
      continue
    }
    const rule = environmentRule(setting, settings)
    const refused = refusal(setting, rule, document, text)
    if (refused === undefined) overrides.push({ path: setting.path, value: valueOf(setting, text), variable })
    else findings.push(refused)
  }
  return { overrides, findings }
}

/**
 * Returns what the environment may do to a setting without `allowEnvironment: true`; undefined: nothing. It may name a
 * group if it may set everything in there.
 */
export function environmentRule(
  { path, about, node }: NamedSetting,
  { list }: NamedSettings = SETTINGS,
): EnvironmentRule | undefined {
  if (!node.isGroup) return about?.environment
  const rules = list.filter((each) => each.path.startsWith(`${path}.`)).map((each) => each.about?.environment)
  return rules.every((rule) => rule?.may === 'set') ? rules[0] : undefined
}

/** Returns what the environment may do to a setting, in words: free, guarded, not at all, or what it may do alone. */
export function environmentWords(setting: NamedSetting): string {
  const rule = environmentRule(setting)
  if (rule?.may === 'tighten') return `may only ${rule.how}`
  return rule === undefined ? 'guarded' : { set: 'free', never: 'not at all' }[rule.may]
}

function refusal(
  setting: NamedSetting,
  rule: EnvironmentRule | undefined,
  document: Readonly<Record<string, unknown>>,
  text: string,
): Finding | undefined {
  const { path, variable } = setting
  if (rule?.may === 'never') return { path: variable, message: `sets nothing: write ${path} in the file` }
  const guarded = `may not come from ${variable} unless the file says allowEnvironment: true`
  const isAllowed = document['allowEnvironment'] === true
  if (rule === undefined && !isAllowed) return { path, message: guarded }
  if (!isWritten(setting, text)) return { path, message: `${variable} must hold JSON` }
  if (isAllowed || rule?.may !== 'tighten') return undefined
  if (isTightened(setting, rule, getAt(document, path), valueOf(setting, text))) return undefined
  return { path, message: `${guarded}; without that, ${variable} may only ${rule.how}` }
}

/** A value that cannot be read cannot be compared: nothing quietly replaces what the file says wrongly. */
function isTightened(
  { node }: NamedSetting,
  rule: Extract<EnvironmentRule, { readonly may: 'tighten' }>,
  before: unknown,
  given: unknown,
): boolean {
  const [was, is] = [z.safeParse(node.schema, before), z.safeParse(node.schema, given)]
  // A wrong value is refused with everything else, in the words of the schema.
  return !is.success || (was.success && rule.isTighter(is.data, was.data))
}

function isWritten(setting: NamedSetting, text: string): boolean {
  try {
    valueOf(setting, text)
    return true
  } catch {
    return false
  }
}

/** Throws a SyntaxError where it must be JSON and is not. */
function valueOf({ node }: NamedSetting, text: string): unknown {
  return node.form === 'json' ? (JSON.parse(text) as unknown) : text
}
