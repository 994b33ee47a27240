/** How a call that may not go at its pace is told so. */
import { Denial } from '../../core/denial/denial.ts'
import type { Call } from '../../core/call.ts'
import type { Charge, Charges } from '../../pacing/charges.ts'
import type { QueueOutcome } from '../../pacing/queue-outcome.ts'
import { ruleText } from '../../pacing/rules.ts'

type Refused = Exclude<QueueOutcome, { kind: 'go' }>

/** Denials: `paced`, `pace_exceeds_burst`, `queue_full`, `client_gone`, `draining`. */
export function denialOf(passage: Refused, call: Call, charges: Charges, nowMs: number): Denial {
  switch (passage.kind) {
    case 'late':
      return denialOfLate(passage, call, charges, nowMs)
    case 'never':
      return denialOfNever(charges.enforced[passage.limiting], call)
    case 'gone':
      return denialOfGone()
    case 'replaced':
      return new Denial('client_gone', 'The same call came again on another connection and took its place.')
    case 'draining':
      return new Denial('draining', 'The call waited for its turn; nothing was forwarded.')
    default:
      return new Denial('queue_full', 'The queue for paced calls is full.', {
        retryAfterMs: charges.maxWaitMs,
      })
  }
}

export function denialOfGone(): Denial {
  return new Denial('client_gone', 'The connection was closed.')
}

const MAX_RESOURCE_LENGTH = 256

/** Its turn by `pacing.dwell` comes later than the call may be held. */
export function denialOfDwell(
  { resources }: Call,
  dwellMs: number,
  turnAtMs: number,
  maxWaitMs: number,
  nowMs: number,
): Denial {
  const [first = '*'] = resources
  const which = resources.length > 1 ? `The youngest of ${resources.length} resources` : JSON.stringify(first)
  const seenMs = Math.max(0, nowMs - (turnAtMs - dwellMs))
  return new Denial(
    'dwell',
    `Nothing is destroyed within ${dwellMs / 1000} s of being seen first. ${which.slice(0, MAX_RESOURCE_LENGTH)} was ` +
      `first seen ${Math.floor(seenMs / 1000)} s ago: the turn of this call comes in ${turnText(turnAtMs, nowMs)}; ` +
      `it may be held for ${maxWaitMs / 1000} s.`,
  )
}

function denialOfLate(
  late: QueueOutcome & { kind: 'late' },
  call: Call,
  charges: Charges,
  nowMs: number,
): Denial {
  const retryAfterMs = Math.max(0, Math.ceil(late.turnAtMs - nowMs))
  return new Denial(
    'paced',
    `${dueText(charges.enforced[late.limiting])}. This call counts ${call.count}: its turn comes in ` +
      `${turnText(late.turnAtMs, nowMs)}; it may be held for ${charges.maxWaitMs / 1000} s.`,
    { retryAfterMs },
  )
}

function turnText(turnAtMs: number, nowMs: number): string {
  const seconds = Math.ceil(Math.max(0, turnAtMs - nowMs) / 1000)
  return `${seconds} s, at ${new Date(Math.ceil(turnAtMs)).toISOString()}`
}

function denialOfNever(limiting: Charge | undefined, call: Call): Denial {
  const most = limiting?.rule.burst ?? 0
  return new Denial(
    'pace_exceeds_burst',
    `${dueText(limiting)}. This call counts ${call.count}, so its turn never comes; send at most ${most} in one call.`,
  )
}

function dueText(due: Charge | undefined): string {
  if (due === undefined) throw new Error('a turn was limited by no charge of the call')
  const factor = due.rate.intervalMs / due.rule.intervalMs
  return factor > 1
    ? `${ruleText(due.rule)}, and slowed ${Number(factor.toFixed(1))} times`
    : ruleText(due.rule)
}
