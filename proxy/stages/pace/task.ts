/** Finds the task to which a call's budget belongs. */
import type { Agent } from '../../core/agent.ts'
import { taskIn } from '../../identity/revocations.ts'

/**
 * Returns the outermost of the tasks from which an agent's task was opened, under its root, so that tasks opened from a
 * task share its budget (rule S20). Undefined for a static access key.
 */
export function taskOf({ root, session }: Agent): string | undefined {
  return session === undefined ? undefined : taskIn(root, session.task.ancestors[0] ?? session.task.id)
}
