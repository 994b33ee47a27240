/** Answers questions about the audit log in a thread of its own, so that no request of an agent waits for them. */
import { parentPort, workerData } from 'node:worker_threads'
import { SearchedLogs } from '../audit/search/search.ts'
import { errorMessage } from '../core/error-message.ts'
import { findTimeline } from './find-timeline.ts'
import type { AskedOfWorker, WorkerAnswer } from './audit-searcher.ts'

const { dir } = workerData as { readonly dir: string }
const logs = new SearchedLogs([dir])

parentPort?.on('message', ({ id, question }: AskedOfWorker) => {
  let answer: WorkerAnswer
  try {
    answer = { id, value: answerTo(question) }
  } catch (error) {
    answer = { id, error: errorMessage(error) }
  }
  // A thread has no origin; the rule is for windows.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort?.postMessage(answer)
})

function answerTo(question: AskedOfWorker['question']): unknown {
  if (question.about === 'index') return logs.catchUp()
  if (question.about === 'timeline') return findTimeline(logs, question.asking)
  const { filter, limit } = question
  const { found, more } =
    filter.afterSeq === undefined ? logs.newest({ filter, limit }) : logs.first({ filter, limit })
  return { records: found.map(({ record }) => record), more }
}
