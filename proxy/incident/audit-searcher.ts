/** Asks the thread that searches the audit log of this process, and has it index what is new. */
import { Worker } from 'node:worker_threads'
import type { LoggedRecord, RecordFilter } from '../audit/search/filter.ts'
import type { Asking } from './find-timeline.ts'
import type { Timeline } from './timeline.ts'

type Question =
  | { readonly about: 'records'; readonly filter: RecordFilter; readonly limit: number }
  | { readonly about: 'timeline'; readonly asking: Asking }
  | { readonly about: 'index' }

/** A question as it is posted to the thread. */
export interface AskedOfWorker {
  readonly id: number
  readonly question: Question
}

/** An answer as the thread posts it. */
export type WorkerAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }

export interface RecordsFound {
  readonly records: readonly LoggedRecord[]
  /** Whether the limit left any out. */
  readonly more: boolean
}

/** An AuditSearcher searches one log. Its promises reject if the log cannot be read. */
export interface AuditSearcher {
  /** Resolves with the newest records; with `afterSeq` in the filter, with the oldest after that one. Newest last. */
  records(filter: RecordFilter, limit: number): Promise<RecordsFound>
  /** Resolves with undefined if the log has no record of it. */
  timeline(asking: Asking): Promise<Timeline | undefined>
  close(): Promise<void>
}

const INDEXED_EVERY_MS = 60_000

/** Returns the searcher of a log's folder. Its thread starts with the first question, or the first indexing. */
export function openAuditSearcher(dir: string): AuditSearcher {
  const searcher = new ThreadSearcher(dir)
  // Where nobody asks for hours, the first question must not wait until all of that is indexed.
  const indexing = setInterval(
    () => void searcher.ask({ about: 'index' }).catch(() => undefined),
    INDEXED_EVERY_MS,
  )
  indexing.unref()
  return {
    records: (filter, limit) => searcher.ask({ about: 'records', filter, limit }) as Promise<RecordsFound>,
    timeline: (asking) => searcher.ask({ about: 'timeline', asking }) as Promise<Timeline | undefined>,
    async close() {
      clearInterval(indexing)
      await searcher.close()
    },
  }
}

interface Waiter {
  resolve(value: unknown): void
  reject(error: Error): void
}

class ThreadSearcher {
  readonly #dir: string
  readonly #waiters = new Map<number, Waiter>()
  #worker: Worker | undefined
  #asked = 0

  constructor(dir: string) {
    this.#dir = dir
  }

  ask(question: Question): Promise<unknown> {
    const worker = (this.#worker ??= this.#start())
    const id = (this.#asked += 1)
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject })
      // A thread has no origin; the rule is for windows.
      // oxlint-disable-next-line unicorn/require-post-message-target-origin
      worker.postMessage({ id, question } satisfies AskedOfWorker)
    })
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(new URL('./audit-worker.ts', import.meta.url), {
      workerData: { dir: this.#dir },
      // What the process was started with is for its main thread.
      execArgv: [],
    })
    worker.unref()
    worker.on('message', (answer: WorkerAnswer) => {
      const waiter = this.#waiters.get(answer.id)
      this.#waiters.delete(answer.id)
      if ('error' in answer) waiter?.reject(new Error(answer.error))
      else waiter?.resolve(answer.value)
    })
    worker.on('error', (error) =>
      this.#lost(worker, new Error('the search of the audit log failed', { cause: error })),
    )
    worker.on('exit', () => this.#lost(worker, new Error('the search of the audit log has ended')))
    return worker
  }

  /** The next question starts a new thread. */
  #lost(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const waiter of this.#waiters.values()) waiter.reject(error)
    this.#waiters.clear()
  }
}
