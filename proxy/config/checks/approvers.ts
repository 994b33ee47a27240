/** Finds approvals that nobody can give: the person who answers for an agent cannot approve its calls (rule S18). */
import { arnMatch } from '../../../policy/arn-match.ts'
import type { Config } from '../schema/config.ts'
import type { Finding } from './finding.ts'

interface Asked {
  readonly path: string
  readonly agents: readonly string[]
  /** Undefined: every change. */
  readonly classes?: readonly string[]
  readonly approvers: number
}

/** Returns the rules for approvals that some agent could never meet. */
export function approverProblems({ admin, agents, policy, watch }: Config): Finding[] {
  const people = admin.people.map(({ id }) => id)
  const rules: readonly Asked[] = (['approvals', 'taskApprovals'] as const).flatMap((list) =>
    policy[list].map((rule, index) => ({ path: `policy.${list}.${index}`, ...rule })),
  )
  const responses: readonly Asked[] = Object.entries(watch.detectors).flatMap(([name, { response }]) =>
    response === 'approve' ? [{ path: `watch.detectors.${name}.response`, agents: ['*'], approvers: 1 }] : [],
  )
  return [...rules, ...responses].flatMap(({ path, agents: patterns, classes, approvers }) => {
    const agent = agents.find(({ id, owner, grants }) => {
      if (!arnMatch(patterns, id)) return false
      const others = people.filter((each) => each !== owner).length
      // Where too few are left, it matters only for what the agent may do at all.
      return others === 0 || (others < approvers && mayDo(grants, classes))
    })
    if (agent === undefined) return []
    const who = approvers === 1 ? 'nobody' : 'too few people'
    const message = `asks for an approval that ${who} can give for agent ${agent.id}: its owner cannot, and admin.people names too few others`
    return [{ path, message }]
  })
}

function mayDo(grants: Config['agents'][number]['grants'], classes: readonly string[] | undefined): boolean {
  return grants.some((grant) => classes === undefined || grant.classes.some((each) => classes.includes(each)))
}
