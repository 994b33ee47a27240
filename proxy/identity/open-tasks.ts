/** Keeps the open tasks: the kind `task` of the ledger, one entry a task. It is a list for operators, and gives no right. */
import { jsonOrUndefined } from '../core/json.ts'
import { z } from 'zod'
import { momentMs } from '../core/moment.ts'
import type { OpenEntry, OpenTask } from '../exchange/task-opening.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Row, Table, UnreadableEntry } from '../state/table.ts'
import { taskIn } from './revocations.ts'

/** Holds an open task, as every replica knows it. */
export interface KnownTask extends OpenEntry {
  /** Its entry cannot be read: root and name are known, and nobody's credentials carry it on. */
  readonly isUnreadable: boolean
}

const Approved = z.strictObject({
  id: z.string(),
  digest: z.string(),
  openedAtMs: momentMs,
  untilMs: momentMs,
})

const Kept: z.ZodType<OpenTask> = z.strictObject({
  agentId: z.string(),
  root: z.string(),
  taskId: z.string(),
  intent: z.string(),
  ticket: z.string(),
  justificationHash: z.string(),
  openedBy: z.string(),
  openedAtMs: momentMs,
  ancestors: z.array(z.string()),
  approved: Approved.optional(),
})

export class OpenTasks {
  readonly #table: Table<OpenTask>

  constructor(ledger: Pick<Ledger, 'table'>) {
    this.#table = ledger.table('task', Kept, unreadableTask)
  }

  /** Writes an open task, durably. Rejects if the store cannot be reached. */
  async put(task: OpenTask, expiresAtMs: number): Promise<void> {
    await this.#table.put(taskIn(task.root, task.taskId), task, { expiresAtMs })
  }

  /** Removes a task: it is not open any more. Rejects if the store cannot be reached. */
  remove(root: string, taskId: string): Promise<void> {
    return this.#table.remove(taskIn(root, taskId))
  }

  /** Returns the open task of this name; undefined if there is none. */
  find(root: string, taskId: string): KnownTask | undefined {
    const row = this.#table.get(taskIn(root, taskId))
    return row === undefined ? undefined : knownTask(row)
  }

  /** Returns all open tasks. */
  all(): KnownTask[] {
    return this.#table.all().map(knownTask)
  }
}

const Name = z.tuple([z.string(), z.string()])

/** A task that cannot be read is open, so that nobody takes its name; whose it is nobody knows, so nobody carries it on. */
function unreadableTask({ id, writtenAtMs }: UnreadableEntry): OpenTask {
  const [root, taskId] = nameOf(id)
  return {
    agentId: '',
    root,
    taskId,
    intent: '',
    ticket: '',
    justificationHash: '',
    openedBy: '',
    openedAtMs: writtenAtMs,
    ancestors: [],
  }
}

/** Returns the reverse of `taskIn`. */
function nameOf(id: string): readonly [string, string] {
  const name = Name.safeParse(jsonOrUndefined(id))
  return name.success ? name.data : ['', id]
}

function knownTask({ value, expiresAtMs = Infinity, isUnreadable }: Row<OpenTask>): KnownTask {
  return { ...value, expiresAtMs, isUnreadable }
}
