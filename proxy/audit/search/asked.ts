/** Reads what people ask of a search, from flags or from a query, and says what is wrong with it. Pure. */
import { ACTION_CLASSES } from '../../core/action-class.ts'
import type { RecordFilter } from './filter.ts'
import { momentGiven, WHEN } from './when.ts'

/** Lists the names of the texts that a search compares, as flags and queries have them. */
export const ASKED_TEXTS = [
  'task',
  'agent',
  'resource',
  'operation',
  'class',
  'decision',
  'reason',
  'rule',
] as const

/** Every decision of a record, those of people too. */
const DECISIONS = ['allow', 'deny', 'throttle', 'abort', 'error', 'asked', 'approve', 'void'] as const

export type Asked = Readonly<
  Partial<Record<(typeof ASKED_TEXTS)[number] | 'since' | 'until', string | undefined>>
>

/** Says what is wrong with one of the values; `known` are those that there are. */
export interface WrongValue {
  readonly name: string
  readonly wrong: string
  readonly given: string
  readonly known: readonly string[]
}

/**
 * Returns the filter. A class or a decision that does not exist is refused, because its answer would look as if nothing
 * had happened.
 */
export function filterOf(asked: Asked, nowMs: number): RecordFilter | WrongValue {
  const { since, until, ...texts } = asked
  const moments = {
    sinceMs: since === undefined ? undefined : momentGiven(since, nowMs),
    untilMs: until === undefined ? undefined : momentGiven(until, nowMs),
  }
  if (since !== undefined && moments.sinceMs === undefined) return badTime('since', since)
  if (until !== undefined && moments.untilMs === undefined) return badTime('until', until)
  return (
    unknownOf('class', texts.class, ACTION_CLASSES) ??
    unknownOf('decision', texts.decision, DECISIONS) ?? { ...texts, ...moments }
  )
}

function unknownOf(
  name: string,
  given: string | undefined,
  known: readonly string[],
): WrongValue | undefined {
  if (given === undefined || given.includes('*') || known.includes(given)) return undefined
  const wrong = `there is no ${name} ${JSON.stringify(given)}; there are ${known.join(', ')}`
  return { name, wrong, given, known }
}

function badTime(name: string, given: string): WrongValue {
  return { name, wrong: `${name} must be ${WHEN}`, given, known: [] }
}
