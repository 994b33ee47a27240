/** Builds the approval that people give a task before it is opened. */
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

/** Returns the digest of all that people see and all that policy left of the task, so that no policy change widens it. */
export function taskDigest({ session, asked, durationSeconds }: TaskGrant): string {
  const { scopes, roleArn = '' } = session.task
  const { intent = '', justification = '', ticket = '' } = asked
  const parts = ['task', scopes, durationSeconds, roleArn, intent, justification, ticket]
  return hash('sha256', JSON.stringify(parts))
}

/** Returns the approval to ask people for. Denial `unapprovable` if they cannot see all that the task may do. */
export function newTaskApproval(
  { agent, call, method, headers }: AgentRequested,
  { session, asked, durationSeconds }: TaskGrant,
  digest: string,
  need: RequiredApprovals,
  ownerOf: OwnerOf,
): NewApproval {
  const { scopes, roleArn } = session.task
  const may = rightsOf(scopes)
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

/** Returns all that a task may do, line by line. People approve only what they see: denial `unapprovable`. */
function rightsOf(scopes: readonly Scope[]): readonly string[] {
  const lines = [...new Set(scopes.flatMap(linesOf))]
  if (lines.length <= MAX_LISTED && lines.every((line) => isShownWhole(line))) return lines
  throw new Denial(
    'unapprovable',
    `People must see all that a task may do: this one has more than ${MAX_LISTED} lines of grants, or too long ones.`,
    { next: 'Ask for fewer, wider or shorter grants, or split the work into several tasks.' },
  )
}

/** Returns one line for each resource of a scope; the severest first, since not all lines may be shown. */
function linesOf(scope: Scope): readonly string[] {
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

/** Returns the severity of a class; `reads-secret`, which is not a class, is the lowest. */
function rank(label: string | undefined): number {
  return ACTION_CLASSES.findIndex((each) => each === label)
}
