/** Says what a freeze is about, and whether a call is part of it. Pure. */
import { wildcardMatch } from '../../policy/arn-match.ts'
import type { ActionClass } from '../core/action-class.ts'
import type { Classified } from '../exchange/exchange.ts'

/** Names the calls that a freeze holds: a call is meant if every member that is given names it; a scope without members is everything. */
export interface FreezeScope {
  readonly classes?: readonly ActionClass[] | undefined
  /** Agent ids; `*` matches any characters. */
  readonly agents?: readonly string[] | undefined
  /** Account ids of 12 digits. */
  readonly accounts?: readonly string[] | undefined
  /** IAM prefixes, or botocore's names of services: `rds`, `docdb`. */
  readonly services?: readonly string[] | undefined
}

/**
 * Tells whether the scope covers the call. A call may be of any of the classes and touch any of the accounts; a resource
 * that does not say its account is in the upstream credentials' own, and in every account while that is unknown.
 */
export function scopeCovers(
  { classes, agents, accounts, services }: FreezeScope,
  { agent, call }: Pick<Classified, 'agent' | 'call'>,
  ownAccount: string | undefined,
): boolean {
  if (classes !== undefined && !classes.some((each) => each === call.class || call.classes.includes(each)))
    return false
  if (agents !== undefined && !wildcardMatch(agents, agent.id)) return false
  if (services !== undefined && !services.includes(call.service) && !services.includes(call.model))
    return false
  if (accounts === undefined) return true
  const resources = call.resources.length === 0 ? ['*'] : call.resources
  return resources.some((resource) => {
    const account = accountOf(resource, ownAccount)
    return account === undefined || accounts.includes(account)
  })
}

/** Reads `arn:partition:service:region:account:resource`; undefined if nobody knows. */
function accountOf(resource: string, ownAccount: string | undefined): string | undefined {
  const account = resource.split(':')[4] ?? ''
  return /^\d{12}$/.test(account) ? account : ownAccount
}

/** Returns the scope in words, for people: `everything`, or `class destructive; account 111122223333`. */
export function scopeInWords({ classes, agents, accounts, services }: FreezeScope): string {
  const parts = Object.entries({
    class: classes,
    agent: agents,
    account: accounts,
    service: services,
  }).flatMap(([name, values]) => (values === undefined ? [] : [`${name} ${values.join(' or ')}`]))
  return parts.length === 0 ? 'everything' : parts.join('; ')
}

/** Returns the selectors that are given, of something that has other members beside them. */
export function scopeAlone({ classes, agents, accounts, services }: FreezeScope) {
  return {
    ...(classes === undefined ? {} : { classes: [...classes] }),
    ...(agents === undefined ? {} : { agents: [...agents] }),
    ...(accounts === undefined ? {} : { accounts: [...accounts] }),
    ...(services === undefined ? {} : { services: [...services] }),
  }
}
