/** Writes session policies as JSON. Pure. */
import type { PresignRequest } from '../exchange/presign-request.ts'

/** Holds action patterns, and one resource pattern; `*` stands for any characters. */
export interface PolicyRow {
  readonly actions: readonly string[]
  readonly resource: string
}

/**
 * Keys that a service uses for the call, as S3 does for an encrypted object, are its caller's to use (KMS,
 * "kms:ViaService"); the role says which.
 */
const KEYS_VIA_SERVICES = {
  Effect: 'Allow',
  Action: ['kms:CreateGrant', 'kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
  Resource: '*',
  Condition: { StringLike: { 'kms:ViaService': '*' } },
}

/** Of what a service does with its caller's rights, to carry its call out (IAM, "Forward access sessions"). */
const VIA_SERVICES = { Bool: { 'aws:ViaAWSService': 'true' } }

export interface PolicyRows {
  readonly allow: readonly PolicyRow[]
  readonly via?: readonly PolicyRow[]
  readonly deny?: readonly PolicyRow[]
}

/** Returns what is allowed, to the caller and to services for it, but for what is denied. */
export function policyText({ allow, via = [], deny = [] }: PolicyRows): string {
  return policyJson([
    ...statementsOf('Allow', allow),
    KEYS_VIA_SERVICES,
    ...statementsOf('Allow', via).map((each) => ({ ...each, Condition: VIA_SERVICES })),
    ...statementsOf('Deny', deny),
  ])
}

/** Rows with the same actions in one statement. */
function statementsOf(effect: 'Allow' | 'Deny', rows: readonly PolicyRow[]): object[] {
  const byActions = new Map<string, { actions: readonly string[]; resources: Set<string> }>()
  for (const { actions, resource } of rows) {
    const key = actions.join(' ')
    const group = byActions.get(key) ?? { actions, resources: new Set<string>() }
    group.resources.add(resource)
    byActions.set(key, group)
  }
  return [...byActions.values()].map(({ actions, resources }) => ({
    Effect: effect,
    Action: actions,
    Resource: resources.has('*') ? ['*'] : [...resources].map((each) => literal(each)),
  }))
}

/**
 * In a policy `?` stands for a character and `$` begins a variable, unless written `${?}` and `${$}` (IAM, "Policy
 * variables"). Patterns may already have them, and `${*}`, written so.
 */
function literal(pattern: string): string {
  return pattern.replace(/\$\{[*?$]\}|[?$]/g, (each) => (each.length > 1 ? each : `\${${each}}`))
}

/** Returns a policy of nothing but these actions on these resources, written as IAM reads them. */
export function statementPolicy({ actions, resources }: PresignRequest['statement']): string {
  return policyJson([{ Effect: 'Allow', Action: actions, Resource: resources }])
}

/** STS takes Latin-1 only; JSON can say all else in escapes. */
function policyJson(statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements }).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
