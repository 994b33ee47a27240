/** Implements `moderato explain`: shows how policy decides a described call, and why. */
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { loadPolicy } from '../../policy/bundle.ts'
import type { PolicyEngine, PolicyInput, PolicyVerdict } from '../../policy/engine.ts'
import { FactSchema } from '../../policy/input.ts'
import { ACTION_CLASSES, severest, TRAITS } from '../core/action-class.ts'
import { loadConfig } from '../config/load.ts'
import { errorMessage } from '../core/error-message.ts'
import { MAX_ARN, quoteUntrusted } from '../core/quote-untrusted.ts'
import { policyInput, type PolicyFacts } from '../stages/decide.ts'
import { unknownNames, type DescribedCall } from './unknown-names.ts'
import { lacking, withArguments, type Given, type Io } from './verb.ts'

const USAGE = `usage: moderato explain --config FILE --agent ID --service s3 --operation DeleteBucket --class destructive
                        [--class ...] --resource ARN [--resource ...] [--trait unbounded] [--count 1]
                        [--action s3:DeleteBucket] [--access-level Write] [--region us-east-1] [--json]
       moderato explain --config FILE --agent ID [--region us-east-1] [--json] < LINES
                        one call a line, in the form that 'moderato catalogue identify' writes

Exit code 0 if every call is allowed, 1 if one is refused.
`

const NO_CLASS =
  'moderato: without --class the call counts as unknown; moderato catalogue show SERVICE:Operation shows its class'

const OPTIONS = {
  config: { type: 'string' },
  agent: { type: 'string' },
  service: { type: 'string' },
  operation: { type: 'string' },
  action: { type: 'string', multiple: true },
  resource: { type: 'string', multiple: true },
  class: { type: 'string', multiple: true },
  trait: { type: 'string', multiple: true },
  count: { type: 'string' },
  'access-level': { type: 'string' },
  region: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** Parses a call as `moderato catalogue identify` writes it; missing members count as unknown. */
const CallFacts = z
  .object({
    service: z.string().default('unknown'),
    operation: z.string().nullable().default(null),
    actions: z.array(z.string()).default([]),
    resources: z.array(z.string()).default(['*']),
    count: z.coerce.number().int().min(1).default(1),
    class: z.enum(ACTION_CLASSES).optional(),
    classes: z.array(z.enum(ACTION_CLASSES)).default([]),
    traits: z.array(z.enum(TRAITS)).default([]),
    facts: z.record(z.string(), FactSchema).default({}),
    accessLevel: z
      .enum(['Read', 'List', 'Write', 'Tagging', 'Permissions management', 'Unknown'])
      .default('Unknown'),
  })
  .transform((facts): PolicyFacts => {
    const named = facts.class === undefined ? facts.classes : [...new Set([...facts.classes, facts.class])]
    const classes = named.length === 0 ? (['unknown'] as const) : named
    return { ...facts, classes, class: facts.class ?? severest(classes) }
  })

export interface ExplainDeps {
  loadEngine(configFile: string): Promise<PolicyEngine>
  /** Says which names nobody has. */
  unknownNames(configFile: string, call: DescribedCall): readonly string[]
  nowMs(): number
}

const DEFAULTS: ExplainDeps = {
  async loadEngine(configFile) {
    const { config } = loadConfig(configFile)
    const agents = Object.fromEntries(config.agents.map(({ id, grants }) => [id, { grants }]))
    return loadPolicy({ bundle: config.policy.bundle, data: { agents } })
  },
  unknownNames: (configFile, call) => unknownNames(call, loadConfig(configFile).config),
  nowMs: () => Date.now(),
}

/** Explains the call that the flags describe, or one call a line of standard input. */
export function run(args: readonly string[], io: Io, deps: ExplainDeps = DEFAULTS): Promise<number> {
  return withArguments({ usage: USAGE, options: OPTIONS, allowPositionals: false }, args, io, (given) =>
    explained(given, io, deps),
  )
}

async function explained({ values }: Given<typeof OPTIONS>, io: Io, deps: ExplainDeps) {
  const { config, agent, region = 'us-east-1' } = values
  if (config === undefined || agent === undefined) return lacking({ config, agent }) ?? 'wrong usage'
  if (values.service !== undefined && values.class === undefined) io.stderr.write(`${NO_CLASS}\n`)
  let calls: readonly PolicyFacts[]
  try {
    calls = (values.service === undefined ? await described(io) : [flagged(values)]).map((each) =>
      CallFacts.parse(each),
    )
  } catch (error) {
    io.stderr.write(
      `moderato: ${error instanceof z.ZodError ? z.prettifyError(error) : errorMessage(error)}\n`,
    )
    return 2
  }
  try {
    const engine = await deps.loadEngine(config)
    const { service, operation } = values
    for (const each of deps.unknownNames(config, { agent, service, operation }))
      io.stderr.write(`moderato: ${each}\n`)
    const answers = calls.map((call) =>
      explain(engine, policyInput({ id: agent }, call, region, deps.nowMs())),
    )
    for (const answer of answers)
      io.stdout.write(values.json === true ? `${JSON.stringify(answer)}\n` : inWords(answer))
    return answers.every(({ verdict }) => verdict.allow) ? 0 : 1
  } catch (error) {
    io.stderr.write(`moderato: ${errorMessage(error)}\n`)
    return 1
  }
}

function flagged(values: Given<typeof OPTIONS>['values']): unknown {
  return {
    service: values.service,
    operation: values.operation,
    actions: values.action,
    resources: values.resource,
    count: values.count,
    classes: values.class,
    traits: values.trait,
    accessLevel: values['access-level'],
  }
}

async function described(io: Io): Promise<readonly unknown[]> {
  const lines = (await text(io.stdin)).split('\n').filter((line) => line.trim() !== '')
  if (lines.length === 0)
    throw new Error('there is no call to explain: give --service, or lines on standard input')
  return lines.map((line): unknown => JSON.parse(line))
}

interface Answer {
  readonly input: PolicyInput
  readonly verdict: PolicyVerdict
  readonly policy: { readonly engine: string; readonly revision: string }
}

function explain(engine: PolicyEngine, input: PolicyInput): Answer {
  return {
    input,
    verdict: engine.evaluate(input),
    policy: { engine: engine.name, revision: engine.revision },
  }
}

function inWords({ input, verdict, policy }: Answer): string {
  const { call } = input
  const lines = [
    `${verdict.allow ? 'ALLOW' : 'DENY'}  ${call.service}:${call.operation ?? '?'} by ${input.agent.id}`,
    `  classes    ${call.classes.join(', ')}${call.traits.length > 0 ? ` (${call.traits.join(', ')})` : ''}`,
    `  resources  ${call.resources.map((each) => quoteUntrusted(each, { max: MAX_ARN })).join(', ')}`,
    `  rules      ${verdict.rules.join(', ')}`,
    ...verdict.messages.map((message) => `  because    ${message}`),
    `  policy     ${policy.engine} ${policy.revision}`,
  ]
  return `${lines.join('\n')}\n`
}
