/** Warns of agent templates whose ids an operator may expect to be otherwise. */
import { patternsOverlap } from '../../../policy/arn-match.ts'
import { isTemplate, percentEncoded, PLACEHOLDER, separatorsOf } from '../../core/agent-template.ts'
import type { Config } from '../schema/config.ts'
import type { Finding } from './finding.ts'

interface Template {
  readonly path: string
  readonly agent: string
}

/** Returns what to know of the templates. None of it keeps the configuration from being used. */
export function templateWarnings({ identity }: Pick<Config, 'identity'>): Finding[] {
  const templates = identity.providers.flatMap(({ rules }, provider) =>
    rules.flatMap(({ agent }, rule) =>
      isTemplate(agent) ? [{ path: `identity.providers.${provider}.rules.${rule}.agent`, agent }] : [],
    ),
  )
  return templates.flatMap((template, index) => [
    ...escapeWarnings(template),
    ...sharedWarnings(template, templates.slice(0, index)),
  ])
}

function escapeWarnings({ path, agent }: Template): Finding[] {
  const marks = [...(separatorsOf(agent) ?? [])]
  if (marks.length === 0) return []
  const written = marks.map((mark) => `${mark} as ${percentEncoded(mark)}`)
  return [
    {
      path,
      message: `has several claims: an agent's id has ${written.join(', ')} in a claim, so that its claims stay apart`,
    },
  ]
}

/** Two templates that can make one id have two roots: a freeze or a revocation by that id acts on both. */
function sharedWarnings({ path, agent }: Template, before: readonly Template[]): Finding[] {
  const pattern = anyOf(agent)
  return before
    .filter((other) => other.agent !== agent && patternsOverlap([anyOf(other.agent)], pattern))
    .map((other) => ({
      path,
      message: `can make the same agent id as ${other.path}: what is done to that id is done to both`,
    }))
}

function anyOf(template: string): string {
  return template.replaceAll(PLACEHOLDER, '*')
}
