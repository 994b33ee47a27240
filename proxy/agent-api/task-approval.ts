/** What people approve of a task before it is opened, and what they are shown of it. */
import { callFields } from '../core/call.ts'
import { hash } from 'node:crypto'
import type { Grant, Scope } from '../core/agent.ts'
import type { NewApproval } from '../approvals/approvals.ts'
import {
  cut,
  cutList,
  MAX_LISTED,
  whoAsks,
  type OwnerOf,
  type RequiredApprovals,
} from '../approvals/approval-request.ts'
import { isShownWhole } from '../core/quote-untrusted.ts'
import { ACTION_CLASSES } from '../core/action-class.ts'
import { Denial } from '../core/denial/denial.ts'
import type { TaskGrant } from '../exchange/task-opening.ts'
import type { AgentRequested } from './agent-request.ts'

/** Of all that people are shown, and all that the task may: what policy left of it, so that no change of policy widens it. */
export function taskDigest({ session, asked, durationSeconds }: TaskGrant): string {
  const { scopes, roleArn = '' } = session.task
  const { intent = '', justification = '', ticket = '' } = asked
  const parts = ['task', scopes, durationSeconds, roleArn, intent, justification, ticket]
  return hash('sha256', JSON.stringify(parts))
}

export function newTaskApproval(
  { agent, call, method, headers }: AgentRequested,
  { session, asked, durationSeconds }: TaskGrant,
  digest: string,
  need: RequiredApprovals,
  ownerOf: OwnerOf,
): NewApproval {
  const { scopes, roleArn } = session.task
  const may = shownWhole(scopes)
  return {
    ...whoAsks(agent, ownerOf),
    digest,
    approvers: need.approvers,
    why: cutList(need.why),
    facts: {
      ...callFields(call),
      resourceCount: call.resources.length,
      parameters: {},
      method,
      host: cut(headers.all('host').join()),
      region: '',
      opens: {
        may,
        seconds: durationSeconds,
        ...(roleArn === undefined ? {} : { role: roleArn }),
        intent: cut(asked.intent ?? ''),
        justification: cut(asked.justification ?? ''),
        ticket: cut(asked.ticket ?? ''),
      },
    },
    dependsOn: [],
  }
}

/** What it may do, each line of it: people approve nothing that they are not shown. Denial `unapprovable`. */
function shownWhole(scopes: readonly Scope[]): readonly string[] {
  const lines = [...new Set(scopes.flatMap(inWords))]
  if (lines.length <= MAX_LISTED && lines.every((line) => isShownWhole(line))) return lines
  throw new Denial(
    'unapprovable',
    `People are shown at most ${MAX_LISTED} lines of what a task may do, and this one has more, or too long ones.`,
    { next: 'Ask for fewer, wider or shorter grants, or split the work into several tasks.' },
  )
}

/** What each scope lets it do, one line for each resource; the gravest first, since not all may be shown. */
function inWords(scope: Scope): readonly string[] {
  if ('statements' in scope) {
    return scope.statements
      .toSorted((a, b) => (a.effect < b.effect ? -1 : a.effect > b.effect ? 1 : 0))
      .flatMap(({ effect, actions, resources }) =>
        resources.map((each) => `${effect} ${actions.join(', ')} on ${each}`),
      )
  }
  const classesOf = new Map<string, Set<Grant['classes'][number]>>()
  for (const { classes, resources } of scope.grants) {
    for (const resource of resources) {
      const named = classesOf.get(resource) ?? new Set()
      for (const each of classes) named.add(each)
      classesOf.set(resource, named)
    }
  }
  return [...classesOf]
    .map(([resource, classes]) => ({ resource, classes: [...classes].toSorted((a, b) => rank(b) - rank(a)) }))
    .toSorted((a, b) => rank(b.classes[0]) - rank(a.classes[0]))
    .map(({ resource, classes }) => `${classes.join(', ')} on ${resource}`)
}

/** `reads-secret`, which is no class, stands last. */
function rank(label: string | undefined): number {
  return ACTION_CLASSES.findIndex((each) => each === label)
}
