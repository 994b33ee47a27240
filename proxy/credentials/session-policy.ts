/**
 * Session policies in IAM's language: what a task may do with one service, and what one call needs. Pure.
 *
 * IAM knows services, actions and resources, and no action classes. A policy of a task holds its resources exactly and
 * its classes only where they are `read` and `list` alone; classes beyond are held by Moderato's own policy. What IAM
 * cannot say is left out, so that a policy is never wider in resources than the grant: a call that it leaves out
 * gets a policy of its own.
 */
import { arnMatch } from '../../policy/arn-match.ts'
import type { PolicyGrant } from '../../policy/engine.ts'
import type { Scope, Statement } from '../agent.ts'
import type { Call } from '../exchange.ts'
import { policyText, type Row } from './policy-text.ts'
import type { ServiceActions } from './service-actions.ts'

/** What STS takes as plain text (AssumeRole, "Policy"). */
export const MAX_POLICY_CHARACTERS = 2048

export interface GrantPolicy {
  readonly allow: readonly Row[]
  readonly deny: readonly Row[]
  readonly text: string
}

/** Where a policy is for. */
export interface PolicyPlace {
  /** The role's: a session of it can do nothing in another one. */
  readonly partition: string
  readonly actionsOf: (prefix: string) => ServiceActions
}

/** A scope of a task, or the grants that policy knows of its agent. */
export type Narrowing = Scope | { readonly grants: readonly PolicyGrant[] }

export type PolicyCall = Pick<Call, 'service' | 'actions' | 'resources'>

/** More pairs of patterns are not held against each other: an agent names them. */
const MAX_PAIRS = 20_000

/** What the call depends on in a policy of its task: calls with the same one share it. */
export function serviceKey(call: PolicyCall): string {
  return [servicesOf(call), [...actionsElsewhere(call)]].map((each) => each.toSorted().join(' ')).join('|')
}

/**
 * What the scopes leave of the call's service, all of them together, less `credentials`. Undefined if nothing of it can
 * be said in IAM's language and in 2,048 characters.
 */
export function grantPolicy(
  scopes: readonly Narrowing[],
  call: PolicyCall,
  place: PolicyPlace,
): GrantPolicy | undefined {
  const services = servicesOf(call)
  const express = (pattern: string): string[] => arnsOf(pattern, services, place.partition)
  let allow: readonly Row[] | undefined
  const deny: Row[] = []
  for (const scope of scopes) {
    const rows =
      'grants' in scope ? grantRows(scope.grants, call, place, express) : allowed(scope.statements, express)
    if (rows.length * (allow?.length ?? 0) > MAX_PAIRS) return undefined
    allow = allow === undefined ? rows : meet(allow, rows)
    const forbidden = 'grants' in scope ? [] : denied(scope.statements, call, express)
    if (forbidden === undefined) return undefined
    deny.push(...forbidden)
  }
  if (allow === undefined || allow.length === 0) return undefined
  const { credentials } = place.actionsOf(call.service)
  if (credentials.length > 0) deny.push({ actions: credentials, resource: '*' })
  const text = policyText(allow, deny)
  return text.length > MAX_POLICY_CHARACTERS ? undefined : { allow, deny, text }
}

/** Whether the policy lets the whole call through. */
export function covers({ allow, deny }: GrantPolicy, { actions, resources }: PolicyCall): boolean {
  const named = actions.map((each) => each.toLowerCase())
  const touched = resources.length === 0 ? ['*'] : resources
  if (deny.some((row) => named.some((each) => arnMatch(row.actions, each)))) return false
  const open = allow.filter((row) => touched.some((each) => arnMatch([row.resource], each)))
  return (
    named.every((each) => open.some((row) => arnMatch(row.actions, each))) &&
    touched.every((each) =>
      open.some((row) => arnMatch([row.resource], each) && named.some((name) => arnMatch(row.actions, name))),
    )
  )
}

/** Exactly the call's own actions on its own resources; where that is too long, on what its task names of them. */
export function callPolicies(call: PolicyCall, wider: GrantPolicy | undefined): string[] {
  const { actions, resources } = call
  const exact = resources.length === 0 ? ['*'] : resources
  const patterns = (wider?.allow ?? [])
    .map(({ resource }) => resource)
    .filter((pattern) => exact.some((each) => arnMatch([pattern], each)))
  const covering = exact.every((each) => arnMatch(patterns, each)) ? [patterns] : []
  return [exact, ...covering]
    .map((each) =>
      policyText(
        each.map((resource) => ({ actions, resource })),
        [],
      ),
    )
    .filter((text) => text.length <= MAX_POLICY_CHARACTERS)
}

/** `arn:aws:SERVICE:`, which need not be the prefix of actions. */
function servicesOf({ service, actions, resources }: PolicyCall): string[] {
  const named = resources.flatMap((each) => (each.startsWith('arn:') ? [each.split(':')[2] ?? ''] : []))
  return [...new Set([service, ...actions.map(prefixOf), ...named])]
}

function prefixOf(action: string): string {
  return action.slice(0, action.indexOf(':'))
}

/** `iam:PassRole` of a call to another service: no more of IAM than that comes into its task's policy. */
function actionsElsewhere({ service, actions }: PolicyCall): string[] {
  return actions.filter((each) => prefixOf(each) !== service).map((each) => each.toLowerCase())
}

function grantRows(
  grants: readonly PolicyGrant[],
  call: PolicyCall,
  { actionsOf }: PolicyPlace,
  express: (pattern: string) => string[],
): Row[] {
  const elsewhere = actionsElsewhere(call)
  return grants.flatMap(({ classes, resources }) => {
    const isReading = classes.every((each) => each === 'read' || each === 'list' || each === 'reads-secret')
    const { reads, secretReads } = actionsOf(call.service)
    const reading = classes.includes('reads-secret') ? secretReads : reads
    const actions = isReading ? reading : [`${call.service}:*`, ...elsewhere]
    return actions.length === 0
      ? []
      : resources.flatMap((pattern) => express(pattern).map((resource) => ({ actions, resource })))
  })
}

function allowed(statements: readonly Statement[], express: (pattern: string) => string[]): Row[] {
  return statements.flatMap(({ effect, actions, resources }) =>
    effect === 'Deny'
      ? []
      : resources.flatMap((pattern) => express(pattern).map((resource) => ({ actions, resource }))),
  )
}

/** Undefined if one cannot be said: it may not be left out. */
function denied(
  statements: readonly Statement[],
  { service }: PolicyCall,
  express: (pattern: string) => string[],
): Row[] | undefined {
  const rows: Row[] = []
  for (const { effect, actions, resources } of statements) {
    if (effect === 'Allow' || !actions.some((each) => each === '*' || prefixOf(each) === service)) continue
    for (const pattern of resources) {
      const arns = express(pattern)
      if (arns.length === 0 && !isSayable(pattern)) return undefined
      rows.push(...arns.map((resource) => ({ actions, resource })))
    }
  }
  return rows
}

/** What both lists allow. Of two patterns the narrower is taken; what two only overlap in is left out. */
function meet(one: readonly Row[], other: readonly Row[]): Row[] {
  return one.flatMap((a) =>
    other.flatMap((b) => {
      const resource = narrower(a.resource, b.resource)
      if (resource === undefined) return []
      const actions = a.actions.flatMap((each) => b.actions.flatMap((its) => narrower(each, its) ?? []))
      return actions.length === 0 ? [] : [{ actions: [...new Set(actions)], resource }]
    }),
  )
}

function narrower(one: string, other: string): string | undefined {
  if (arnMatch([one], other)) return other
  return arnMatch([other], one) ? one : undefined
}

function isSayable(pattern: string): boolean {
  return (
    pattern === '*' ||
    (pattern.startsWith('arn:') && (pattern.split(':').length >= 6 || pattern.endsWith('*')))
  )
}

/**
 * A grant's pattern as IAM takes it: six parts, of which partition and service are names. Empty if it is about another
 * partition or other services, or if it cannot be said so.
 */
function arnsOf(pattern: string, services: readonly string[], partition: string): string[] {
  if (pattern === '*') return ['*']
  if (!isSayable(pattern)) return []
  const parts = pattern.split(':')
  while (parts.length < 6) parts.push('*')
  const [, inPartition = '', ofService = '', ...rest] = parts
  if (!arnMatch([inPartition], partition)) return []
  return services
    .filter((each) => arnMatch([ofService], each))
    .map((each) => ['arn', partition, each, ...rest].join(':'))
}
