/** Describes one break-glass: what a person opened for an agent, for how long, and what of it holds at a moment. Pure. */
import { z } from 'zod'
import { arnMatch } from '../../policy/arn-match.ts'
import { ACTION_CLASSES, type ActionClass } from '../core/action-class.ts'
import type { Config } from '../config/schema/config.ts'
import { momentMs } from '../core/moment.ts'
import { MAX_ARN, quoteUntrusted } from '../core/quote-untrusted.ts'
import type { Row } from '../state/table.ts'

export type BreakglassSettings = Config['breakglass']

/** Reads the value of a `breakglass` entry. */
export const Kept = z.strictObject({
  agent: z.string(),
  reason: z.string(),
  ticket: z.string(),
  classes: z.array(z.enum(ACTION_CLASSES)),
  /** Patterns, as in grants. */
  resources: z.array(z.string()),
  /** Whether the agent's own pace is widened, too. */
  pace: z.boolean(),
  forMs: z.number(),
  openedBy: z.string(),
  openedAtMs: momentMs,
  /** The second person. */
  confirmedBy: z.string().optional(),
  /** Since when it is open; undefined: it waits for the second person. */
  fromMs: momentMs.optional(),
  closedBy: z.string().optional(),
  closedAtMs: momentMs.optional(),
})
export type Kept = z.output<typeof Kept>

export interface Breakglass extends Kept {
  readonly id: string
  /** When it ends by itself, or stops to wait for the second person. */
  readonly untilMs: number
}

/** Says what a person asks for. */
export interface BreakglassRequest {
  readonly agent: string
  readonly forMs: number
  readonly reason: string
  readonly ticket: string
  readonly classes: readonly ActionClass[]
  readonly resources: readonly string[]
  readonly pace: boolean
}

/** Returns the break-glass of an entry; undefined where it has no end, which no break-glass goes without. */
export function breakglassOf({ id, value, expiresAtMs }: Row<Kept>): Breakglass | undefined {
  return expiresAtMs === undefined ? undefined : { ...value, id, untilMs: expiresAtMs }
}

/** Returns what holds of a break-glass at a moment. */
export function stateOf(
  { closedBy, fromMs, untilMs }: Breakglass,
  nowMs: number,
): 'pending' | 'open' | 'closed' | 'ended' {
  if (closedBy !== undefined) return 'closed'
  if (untilMs <= nowMs) return 'ended'
  return fromMs === undefined ? 'pending' : 'open'
}

/** Says why the configuration does not allow it, for people; undefined: it does. */
export function problemWith(opening: BreakglassRequest, settings: BreakglassSettings): string | undefined {
  const { forMs, classes, resources, pace } = opening
  if (settings.classes.length === 0)
    return 'breakglass.classes of the configuration is empty: none is allowed.'
  if (forMs < 1_000 || forMs > settings.maxDuration)
    return `for: give 1s to ${settings.maxDuration / 1_000}s (breakglass.maxDuration).`
  const barred = classes.filter((name) => !settings.classes.some((each) => each === name))
  if (barred.length > 0)
    return `classes: ${barred.join(', ')} may not be opened; breakglass.classes has ${settings.classes.join(', ')}.`
  // A pattern covers another if it matches its text: whatever the other's `*` may stand for, its own does too.
  const beyond = resources.filter((each) => !arnMatch(settings.resources, each))
  if (beyond.length > 0)
    return `resources: breakglass.resources does not cover ${beyond.map((each) => quoteUntrusted(each, { max: MAX_ARN })).join(', ')}.`
  if (pace && settings.pace === undefined)
    return 'pace: breakglass.pace of the configuration says at which pace, and is not set.'
  return undefined
}

/** Tells whether it reaches all that a call touches, as the policy's `arn.covers` reads patterns. */
export function reaches(
  { resources }: { readonly resources: readonly string[] },
  call: { readonly resources: readonly string[]; readonly traits: readonly string[] },
): boolean {
  const unnamed = call.resources.length === 0 || call.traits.includes('unbounded')
  if (unnamed && !resources.includes('*')) return false
  return call.resources.every((each) => (each === '*' ? resources.includes('*') : arnMatch(resources, each)))
}
