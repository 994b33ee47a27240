/**
 * Picks the upstream role that a call is made with: the first rule that fits its agent, the role that its task named,
 * its account.
 */
import { wildcardMatch } from '../../policy/arn-match.ts'
import type { Agent } from '../core/agent.ts'
import type { Config } from '../config/schema/config.ts'
import { Denial } from '../core/denial/denial.ts'

export type RoleRules = Pick<Config['upstream'], 'roles' | 'accountId'>

/** Says which role was picked, or Moderato's own credentials as they are. */
export type Chosen = { readonly roleArn: string; readonly externalId: string | undefined } | 'plain'

/**
 * Picks a role. With no rules at all, the plain credentials are all that was configured. Once there are rules, a call
 * that none fits is refused, denial `upstream_credentials`: plain ones are never a fallback (rule S21).
 */
export function chosen(agent: Agent, rules: RoleRules): Chosen {
  if (rules.roles.length === 0) return 'plain'
  const rule = ruleOf(agent, rules)
  if (rule?.roleArn !== undefined) return { roleArn: rule.roleArn, externalId: rule.externalId }
  if (rule?.plain === true) return 'plain'
  const named = agent.session?.task.roleArn ?? 'no role'
  throw new Denial(
    'upstream_credentials',
    `No rule of upstream.roles fits: its task named ${named}, in account ${askedAccount(agent, rules) ?? 'unknown'}.`,
  )
}

/** Returns the account that a call is made in; undefined if nobody said. */
export function accountOf(agent: Agent, rules: RoleRules): string | undefined {
  const role = ruleOf(agent, rules)?.roleArn
  if (role !== undefined) return accountIn(role)
  return rules.roles.length === 0 ? rules.accountId : askedAccount(agent, rules)
}

function ruleOf(agent: Agent, rules: RoleRules): RoleRules['roles'][number] | undefined {
  const account = askedAccount(agent, rules)
  const named = agent.session?.task.roleArn
  return rules.roles.find(
    ({ agents, accounts, roleArns }) =>
      (agents === undefined || wildcardMatch(agents, agent.id)) &&
      (accounts === undefined || (account !== undefined && accounts.includes(account))) &&
      (roleArns === undefined || (named !== undefined && wildcardMatch(roleArns, named))),
  )
}

/** That of the role that the task named, else that of Moderato's own credentials. */
function askedAccount({ session }: Agent, { accountId }: RoleRules): string | undefined {
  const named = session?.task.roleArn
  return named === undefined ? accountId : accountIn(named)
}

function accountIn(roleArn: string): string | undefined {
  return roleArn.split(':')[4]
}

/** Tells whether calls of the agent are made with Moderato's own credentials as they are. */
export function isPlain(agent: Agent, rules: RoleRules): boolean {
  return rules.roles.length === 0 || ruleOf(agent, rules)?.plain === true
}
