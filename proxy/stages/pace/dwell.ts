/** Dwell: what an agent saw only just now is not destroyed yet. */
import type { Decided } from '../../exchange/exchange.ts'
import type { FirstSeen } from '../../pacing/first-seen.ts'
import { taskOf } from './task.ts'

/** Whether the call waits for `pacing.dwell`: it is destructive by the contract's class, and by no other. */
function isDestructive({ call }: Decided): boolean {
  return call.class === 'destructive' || call.classes.includes('destructive')
}

/**
 * The moment from which a call may go; 0 where dwell has nothing against it. One that destroys what was never seen
 * counts as the first sight itself, though it is refused: sent again after the dwell, it goes.
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
 * Remembers what a call has to do with, once nothing is left that could refuse it for what it is: what was malformed,
 * not granted, or over its pace was no sight, so that nobody ages a resource by calls that never go.
 */
export function noteSight(exchange: Decided, firstSeen: FirstSeen, dwellMs: number, nowMs: number): void {
  if (dwellMs > 0) firstSeen.note(scopeOf(exchange), exchange.call.resources, nowMs)
}

function scopeOf({ agent }: Decided): string {
  const task = taskOf(agent)
  return task === undefined ? `agent ${agent.id}` : `task ${task}`
}
