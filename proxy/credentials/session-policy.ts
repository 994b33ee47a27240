/**
 * Makes session policies in IAM's language: what a task may do with one service, and what one call needs. Pure.
 *
 * IAM knows services, actions and resources, and no action classes. A policy of a task holds its resources exactly and
 * its classes only where they are `read` and `list` alone; classes beyond are held by Moderato's own policy. What IAM
 * cannot say is left out, so that a policy is never wider in resources than the grant: a call that it leaves out gets a
 * policy of its own.
 */
import { arnMatch } from '../../policy/arn-match.ts'
import type { PolicyGrant } from '../../policy/types.ts'
import type { Scope, Statement } from '../core/agent.ts'
import type { Call } from '../core/call.ts'
import { arnsOf, isOf, isSayable, meetAll, namesService } from './arn-patterns.ts'
import { policyText, type PolicyRow } from './policy-text.ts'
import type { ServiceActions } from './service-actions.ts'

/** Is as much as STS takes as plain text (AssumeRole, "Policy"). */
export const MAX_POLICY_CHARACTERS = 2048

export interface GrantPolicy {
  readonly allow: readonly PolicyRow[]
  /** What services may do that the caller calls. */
  readonly via: readonly PolicyRow[]
  readonly deny: readonly PolicyRow[]
  readonly text: string
}

/** Says where a policy is for. */
export interface PolicyPlace {
  /** The role's: a session of it can do nothing in another one. */
  readonly partition: string
  readonly actionsOf: (prefix: string) => ServiceActions
}

/** Narrows a call: a scope of a task, or the grants that policy knows of its agent. */
export type Narrowing = Scope | { readonly grants: readonly PolicyGrant[] }

export type PolicyCall = Pick<Call, 'service' | 'actions' | 'resources'>

/** Returns what the call depends on in a policy of its task: calls with the same one share it. */
export function serviceKey(call: PolicyCall): string {
  return [servicesOf(call), [...actionsElsewhere(call)]].map((each) => each.toSorted().join(' ')).join('|')
}

/**
 * Returns what the scopes leave of the call's service, all of them together, less `credentials`; and what services may
 * do for the call on what was granted of other ones, where there is room for it. Undefined if nothing of it can be said
 * in IAM's language and in 2,048 characters.
 */
export function grantPolicy(
  scopes: readonly Narrowing[],
  call: PolicyCall,
  { partition, actionsOf }: PolicyPlace,
): GrantPolicy | undefined {
  const services = servicesOf(call)
  const express = (pattern: string): string[] => arnsOf(pattern, { partition, services })
  const denials = scopes.flatMap((each) => ('grants' in each ? [] : each.statements)).filter(isDenial)
  if (!denials.every(({ resources }) => resources.every(isSayable))) return undefined
  const inService = (each: Narrowing): PolicyRow[] =>
    rowsOf(each, express, (grant) => actionsFor(grant, call, actionsOf)).filter(({ resource }) =>
      isOf(resource, services),
    )
  const allow = meetAll(scopes.map(inService))
  if (allow === undefined || allow.length === 0) return undefined
  const denied = denials.flatMap((each) => statementRows(each, express))
  const issuing = (prefixes: readonly string[]): PolicyRow[] => {
    const actions = [...new Set(prefixes)].flatMap((each) => actionsOf(each).credentials)
    return actions.length === 0 ? [] : [{ actions, resource: '*' }]
  }
  const whole = {
    allow,
    via: denials.every(({ resources }) => resources.every(namesService)) ? viaServices(scopes, express) : [],
    deny: [...denied, ...issuing([call.service, 'iam', 'sts'])],
  }
  const alone = { allow, via: [], deny: [...denied, ...issuing([call.service])] }
  return [whole, alone]
    .map((each) => ({ ...each, text: policyText(each) }))
    .find(({ text }) => text.length <= MAX_POLICY_CHARACTERS)
}

/** Tells whether the policy lets the whole call through. */
export function policyCovers({ allow, deny }: GrantPolicy, { actions, resources }: PolicyCall): boolean {
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

/**
 * Returns policies of exactly the call's own actions on its own resources; where that is too long, on what its task
 * names of them.
 */
export function callPolicies(call: PolicyCall, wider: GrantPolicy | undefined): string[] {
  const { actions, resources } = call
  const exact = resources.length === 0 ? ['*'] : resources
  const patterns = (wider?.allow ?? [])
    .map(({ resource }) => resource)
    .filter((pattern) => exact.some((each) => arnMatch([pattern], each)))
  const covering = exact.every((each) => arnMatch(patterns, each)) ? [patterns] : []
  return [exact, ...covering]
    .flatMap((each) => {
      const allow = each.map((resource) => ({ actions, resource }))
      const { via = [], deny = [] } = wider ?? {}
      return via.length === 0 ? [{ allow }] : [{ allow, via, deny: less(deny, actions) }, { allow }]
    })
    .map((each) => policyText(each))
    .filter((text) => text.length <= MAX_POLICY_CHARACTERS)
}

/** The call itself was let through, whatever its service is denied besides. */
function less(deny: readonly PolicyRow[], actions: readonly string[]): PolicyRow[] {
  const own = new Set(actions.map((each) => each.toLowerCase()))
  return deny
    .map((row) => ({ ...row, actions: row.actions.filter((each) => !own.has(each)) }))
    .filter((row) => row.actions.length > 0)
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

function actionsFor(
  grant: PolicyGrant,
  call: PolicyCall,
  actionsOf: PolicyPlace['actionsOf'],
): readonly string[] {
  if (!isReading(grant)) return [`${call.service}:*`, ...actionsElsewhere(call)]
  const { reads, secretReads } = actionsOf(call.service)
  return grant.classes.includes('reads-secret') ? secretReads : reads
}

function isReading({ classes }: PolicyGrant): boolean {
  return classes.every((each) => each === 'read' || each === 'list' || each === 'reads-secret')
}

/** Returns what services may do with the caller's rights to carry a call out: nothing for who may only read. */
function viaServices(
  scopes: readonly Narrowing[],
  express: (pattern: string) => string[],
): readonly PolicyRow[] {
  return (
    meetAll(scopes.map((each) => rowsOf(each, express, (grant) => (isReading(grant) ? [] : ['*'])))) ?? []
  )
}

/** Returns a scope as rows; `actions` are those that a grant stands for. */
function rowsOf(
  scope: Narrowing,
  express: (pattern: string) => string[],
  actions: (grant: PolicyGrant) => readonly string[],
): PolicyRow[] {
  if ('statements' in scope)
    return scope.statements
      .filter((each) => !isDenial(each))
      .flatMap((statement) => statementRows(statement, express))
  return scope.grants.flatMap((grant) =>
    statementRows({ actions: actions(grant), resources: grant.resources }, express),
  )
}

function statementRows(
  { actions, resources }: Pick<Statement, 'actions' | 'resources'>,
  express: (pattern: string) => string[],
): PolicyRow[] {
  if (actions.length === 0) return []
  return resources.flatMap((pattern) => express(pattern).map((resource) => ({ actions, resource })))
}

function isDenial({ effect }: Statement): boolean {
  return effect === 'Deny'
}
