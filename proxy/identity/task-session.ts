/** Makes the session of a task from what was asked and what policy granted. */
import { hash, randomBytes } from 'node:crypto'
import type { TaskVerdict } from '../../policy/task.ts'
import type { Scope, Grant, Session } from '../core/agent.ts'
import type { Opener, TaskRequest } from '../exchange/task-opening.ts'

/** Returns what policy left of the grants that were asked for, and the session policy beside them. */
function scopesOf({ grants, statements }: TaskRequest, verdict: TaskVerdict): Scope[] {
  const scopes: Scope[] = []
  if (grants.length > 0) scopes.push({ grants: verdict.grants as readonly Grant[] })
  if (statements !== undefined) scopes.push({ statements })
  return scopes
}

/** A session that carries on its own task ends with the tasks that this one ends with. */
function ancestorsOf(id: string, parent: Session | undefined): readonly string[] {
  if (parent === undefined) return []
  const { task } = parent
  return task.id === id ? task.ancestors : [...task.ancestors, task.id]
}

/** Returns the session of the task as policy grants it, within that of its parent. */
export function sessionOf(
  { agentId, root, parent }: Opener,
  id: string,
  asked: TaskRequest,
  verdict: TaskVerdict,
  nowMs: number,
): Session {
  const { intent, justification, ticket, roleArn } = asked
  return {
    // More credentials of one task are of one session, so that what ends it ends them.
    id: parent?.task.id === id ? parent.id : newSessionId(),
    agentId,
    root,
    task: {
      id,
      intent,
      justificationHash: justification === undefined ? undefined : hash('sha256', justification, 'hex'),
      ticket,
      roleArn: roleArn ?? parent?.task.roleArn,
      scopes: [...(parent?.task.scopes ?? []), ...scopesOf(asked, verdict)],
      ancestors: ancestorsOf(id, parent),
    },
    issuedAtMs: nowMs,
    expiresAtMs: Math.min(nowMs + verdict.durationSeconds * 1000, parent?.expiresAtMs ?? Infinity),
  }
}

/** Returns a new name of a session, which opens nothing. In hex, since operators type it, and none may begin with a hyphen. */
function newSessionId(): string {
  return randomBytes(8).toString('hex')
}
