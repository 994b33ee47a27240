/** Tells people of drift: in plain sentences, in which nothing that an agent wrote can be taken for ours. */
import type { Observation } from './observation.ts'

/** Returns the name of an operation: `rds:DeleteDBInstance`. */
export function operationName({ service, operation }: Pick<Observation, 'service' | 'operation'>): string {
  return `${service}:${operation}`
}

/** Returns a duration in words: `30 s`, `15 min`, `2 h`. */
export function lasting(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`
}

/** Returns a list in words: `a`, `a and b`, `a, b and c`; of many only the first. */
export function phraseList(names: readonly string[], most = 6): string {
  const first = names.slice(0, most)
  const more = names.length - first.length
  const all = more > 0 ? [...first, `${more} more`] : first
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`
}
