/** Makes the Denials of calls that may not go at their pace. */
import { Denial } from '../../core/denial/denial.ts'
import type { RefusedBy } from '../../core/denial/refused-by.ts'
import type { Call } from '../../core/call.ts'
import type { Charge, Charges } from '../../pacing/charges.ts'
import type { QueueOutcome } from '../../pacing/queue-outcome.ts'
import { DWELL, ruleLabel, ruleText } from '../../pacing/rules.ts'

/** The options of a Denial that name the rules. */
interface By {
  readonly by?: RefusedBy
}

type Refused = Exclude<QueueOutcome, { kind: 'go' }>

/**
 * Returns the Denial of a queue's outcome: `paced`, `pace_exceeds_burst`, `queue_full`, `client_gone`, `draining`.
 * `heldBy` names the rules that held the call until then.
 */
export function denialOf(
  outcome: Refused,
  call: Call,
  charges: Charges,
  nowMs: number,
  heldBy?: readonly string[],
): Denial {
  const held: By = heldBy === undefined ? {} : { by: { kind: 'pace', rules: heldBy } }
  switch (outcome.kind) {
    case 'late':
      return denialOfLate(outcome, call, charges, nowMs)
    case 'never':
      return denialOfNever(charges.enforced[outcome.limiting], call)
    case 'gone':
      return denialOfGone(held)
    case 'replaced':
      return new Denial(
        'client_gone',
        'The same call came again on another connection and took its place.',
        held,
      )
    case 'draining':
      return new Denial('draining', 'The call waited for its turn; nothing was forwarded.', held)
    default:
      return new Denial('queue_full', 'The queue for paced calls is full.', {
        retryAfterMs: charges.maxWaitMs,
      })
  }
}

/** Returns the Denial of a call whose client closed its connection. */
export function denialOfGone(by: By = {}): Denial {
  return new Denial('client_gone', 'The client closed its connection.', by)
}

const MAX_RESOURCE_LENGTH = 256

/** Returns the Denial of a call whose turn by `pacing.dwell` comes later than the call may be held. */
export function denialOfDwell(
  { resources }: Call,
  dwellMs: number,
  turnAtMs: number,
  maxWaitMs: number,
  nowMs: number,
): Denial {
  const [first = '*'] = resources
  const which = resources.length > 1 ? `The newest of ${resources.length} resources` : JSON.stringify(first)
  const ageMs = Math.max(0, nowMs - (turnAtMs - dwellMs))
  return new Denial(
    'dwell',
    `A resource may be destroyed only ${dwellMs / 1000} s after its agent first saw it. ` +
      `${which.slice(0, MAX_RESOURCE_LENGTH)} was first seen ${Math.floor(ageMs / 1000)} s ago: ` +
      `the turn of this call comes in ${turnText(turnAtMs, nowMs)}; ` +
      `it may be held for ${maxWaitMs / 1000} s.`,
    { by: { kind: 'pace', rules: [DWELL] } },
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
    `${chargeText(charges.enforced[late.limiting])}. This call counts ${call.count}: its turn comes in ` +
      `${turnText(late.turnAtMs, nowMs)}; it may be held for ${charges.maxWaitMs / 1000} s.`,
    { retryAfterMs, ...byRule(charges.enforced[late.limiting]) },
  )
}

function turnText(turnAtMs: number, nowMs: number): string {
  const seconds = Math.ceil(Math.max(0, turnAtMs - nowMs) / 1000)
  return `${seconds} s, at ${new Date(Math.ceil(turnAtMs)).toISOString()}`
}

function denialOfNever(limiting: Charge | undefined, call: Call): Denial {
  const burst = limiting?.rule.burst ?? 0
  return new Denial(
    'pace_exceeds_burst',
    `${chargeText(limiting)}. This call counts ${call.count}, so its turn never comes; send at most ${burst} in one call.`,
    byRule(limiting),
  )
}

/** Names the rule that throttled, in the denial's own terms. */
function byRule(charge: Charge | undefined): By {
  return charge === undefined ? {} : { by: { kind: 'pace', rules: [ruleLabel(charge.rule)] } }
}

function chargeText(charge: Charge | undefined): string {
  if (charge === undefined) throw new Error('a turn was limited by no charge of the call')
  const factor = charge.rate.intervalMs / charge.rule.intervalMs
  return factor > 1
    ? `${ruleText(charge.rule)}, now slowed ${Number(factor.toFixed(1))} times`
    : ruleText(charge.rule)
}
