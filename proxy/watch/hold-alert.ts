/** Tells people elsewhere that an operator stopped calls of agents, or lets them go on. */
import { momentText, momentTextOrNull, untilText } from '../core/moment.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import type { Alert } from './alerts.ts'

/** Describes what an operator did. */
export interface HoldChange {
  readonly kind: 'freeze' | 'quarantine'
  readonly change: 'made' | 'lifted'
  /** The id of a freeze, or the agent in quarantine. */
  readonly id: string
  /** What is stopped, in words. */
  readonly what: string
  /** The reason of the operator who made it. */
  readonly reason: string
  /** The operator who makes or lifts it. */
  readonly by: string
  /** Undefined: until it is lifted. */
  readonly untilMs: number | undefined
}

/** Returns the message that a program is posted, and the one that people read. */
export function holdAlert(hold: HoldChange, nowMs: number): Alert {
  const { kind, change, id, what, reason, by, untilMs } = hold
  const json = {
    kind,
    change,
    time: momentText(nowMs),
    id,
    what,
    reason,
    by,
    until: momentTextOrNull(untilMs),
  }
  const does = change === 'made' ? `${kind} ${untilText(untilMs)}` : `${kind} lifted`
  const text = [
    `Moderato: ${does} by ${quoteUntrusted(by)}`,
    `It stops: ${quoteUntrusted(what, { max: 1_000 })}`,
    `Reason: ${quoteUntrusted(reason, { prose: true, max: 1_000 })}`,
  ].join('\n')
  return { about: kind, json, text }
}
