/** Keeps what was forwarded in a SQLite file: one of several processes wins a call, and a restart forgets nothing. */
import type { SqliteFile } from './sqlite-file.ts'
import { inItsSecond, isOver, keptMs, type ClaimOutcome, type Replays, type SignedCall } from './replays.ts'

const FORGOTTEN_PER_CLAIM = 16

export interface SqliteReplaysOptions {
  readonly perAgent: number
  /**
   * Returns the file's own time, by which it forgets: a wall clock set forward and back makes it forget nothing too
   * early.
   */
  readonly storeNowMs: () => number
}

/** Keeps it. Throws if the file fails. */
export class SqliteReplays implements Replays {
  readonly #file: SqliteFile
  readonly #options: SqliteReplaysOptions

  constructor(file: SqliteFile, options: SqliteReplaysOptions) {
    this.#file = file
    this.#options = options
  }

  has(call: SignedCall, nowMs: number): boolean {
    return isOver(call, nowMs) || this.#file.read(...sameCall(call)).length > 0
  }

  claim(call: SignedCall, nowMs: number): ClaimOutcome {
    if (isOver(call, nowMs)) return 'replayed'
    return this.#file.write(() => {
      const storeNowMs = this.#options.storeNowMs()
      this.#forget(storeNowMs)
      if (this.#file.get(...sameCall(call)) !== undefined) return 'replayed'
      const { agentId, key, invocationId } = call
      const own = this.#file.get('SELECT calls FROM forwarded_count WHERE agent = ?', agentId)
      if (Number(own?.['calls'] ?? 0) >= this.#options.perAgent) return 'full'
      this.#file.run(
        'INSERT INTO forwarded VALUES (?, ?, ?, ?)',
        agentId,
        key,
        invocationId,
        storeNowMs + keptMs(call, nowMs),
      )
      this.#file.run(
        'INSERT INTO forwarded_count VALUES (?, 1) ON CONFLICT (agent) DO UPDATE SET calls = calls + 1',
        agentId,
      )
      return 'claimed'
    })
  }

  release({ agentId, key, invocationId }: SignedCall): void {
    this.#file.write(() => this.#remove(agentId, key, invocationId))
  }

  /** More than one claim adds, so that what is too old never stays for long. */
  #forget(storeNowMs: number): void {
    const old = this.#file.all(
      'SELECT agent, key, invocation FROM forwarded WHERE forget_at_ms < ? ORDER BY forget_at_ms LIMIT ?',
      storeNowMs,
      FORGOTTEN_PER_CLAIM,
    )
    for (const { agent, key, invocation } of old) this.#remove(String(agent), String(key), String(invocation))
  }

  #remove(agent: string, key: string, invocation: string): void {
    const removed = this.#file.get(
      'DELETE FROM forwarded WHERE agent = ? AND key = ? AND invocation = ? RETURNING 1',
      agent,
      key,
      invocation,
    )
    if (removed === undefined) return
    this.#file.run('UPDATE forwarded_count SET calls = calls - 1 WHERE agent = ?', agent)
    this.#file.run('DELETE FROM forwarded_count WHERE agent = ? AND calls = 0', agent)
  }
}

/** Returns the query for a call that makes this one a copy. */
function sameCall(call: SignedCall): [string, ...string[]] {
  const sql = 'SELECT 1 FROM forwarded WHERE agent = ? AND key = ?'
  const { agentId, key, invocationId } = call
  return inItsSecond(call)
    ? [`${sql} AND invocation = ?`, agentId, key, invocationId]
    : [`${sql} LIMIT 1`, agentId, key]
}
