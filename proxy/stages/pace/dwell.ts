/** Applies dwell: an agent may destroy a resource only some time after it first saw it. */
import type { Decided } from '../../exchange/exchange.ts'
import type { FirstSeen } from '../../pacing/first-seen.ts'
import { taskOf } from './task.ts'

/** Tells whether the call waits for `pacing.dwell`: only the class `destructive` does. */
function isDestructive({ call }: Decided): boolean {
  return call.class === 'destructive' || call.classes.includes('destructive')
}

/**
 * Returns the time from which a call may go; 0 where dwell does not hold it. A call that destroys a resource never seen
 * before counts as the first sight itself, even if it is refused: sent again after the dwell, it goes.
 */
export function dwellTurnMs(exchange: Decided, firstSeen: FirstSeen, dwellMs: number, nowMs: number): number {
  if (dwellMs === 0 || !isDestructive(exchange)) return 0
  const { resources } = exchange.call
  const turnAtMs = firstSeen.youngestMs(scopeOf(exchange), resources, nowMs) + dwellMs
  if (turnAtMs <= nowMs) return 0
  firstSeen.note(scopeOf(exchange), resources, nowMs)
  return turnAtMs
}

/**
 * Remembers the resources of a call once nothing can refuse it any more. Calls that are malformed, not granted or over
 * their pace do not count, so that nobody ages a resource by calls that never go.
 */
export function noteFirstSeen(exchange: Decided, firstSeen: FirstSeen, dwellMs: number, nowMs: number): void {
  if (dwellMs > 0) firstSeen.note(scopeOf(exchange), exchange.call.resources, nowMs)
}

function scopeOf({ agent }: Decided): string {
  const task = taskOf(agent)
  return task === undefined ? `agent ${agent.id}` : `task ${task}`
}
