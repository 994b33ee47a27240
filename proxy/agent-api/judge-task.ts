/** Asks policy whether a task may be opened, and how much of it. */
import type { Tasks } from '../identity/tasks.ts'
import type { AskingExchange } from './agent-request.ts'

/**
 * After what asks was proved, held back and paced: each question costs policy some time. Denials as of `Tasks.judge`.
 */
export function judgeTask({ tasks }: { readonly tasks: Pick<Tasks, 'judge'> }) {
  return function judge<Exchange extends AskingExchange>(exchange: Exchange): Exchange {
    const { ask } = exchange
    if (ask.kind !== 'open') return exchange
    return { ...exchange, opening: tasks.judge(ask.wanted.opener, ask.wanted.asked) }
  }
}
