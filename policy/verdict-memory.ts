/** Remembers the verdicts of a policy that does not read the time. */
import type { PolicyEngine, PolicyInput, PolicyVerdict } from './engine.ts'

/** Text kept in one generation, inputs and verdicts together: some 5,000 calls, and about 8 MiB for both generations. */
const GENERATION_CHARACTERS = 2 << 20
/** A longer input is judged anew each time: a few agents with endless lists must not turn everybody else's out. */
const INPUT_CHARACTERS = 4096

/**
 * The engine, with a bounded memory of what it answered. Only for an engine whose verdict follows from everything in
 * the input but `timeSeconds`. Verdicts that it remembers are frozen; failures are not remembered.
 *
 * The key is the JSON of that input, which is also all that the engine sees: no two inputs that it could tell apart
 * share a key, whatever an agent writes into them. Two generations instead of an exact LRU, as in signing-key.ts.
 */
export function remembering(
  engine: PolicyEngine,
  generationCharacters: number = GENERATION_CHARACTERS,
): PolicyEngine {
  let young = new Map<string, PolicyVerdict>()
  let old = new Map<string, PolicyVerdict>()
  let youngCharacters = 0

  function remember(key: string, verdict: PolicyVerdict): void {
    const characters = key.length + lengthOf(verdict)
    if (youngCharacters + characters > generationCharacters) {
      old = young
      young = new Map()
      youngCharacters = 0
    }
    young.set(key, verdict)
    youngCharacters += characters
  }

  return {
    name: engine.name,
    revision: engine.revision,
    judgeTask: (input) => engine.judgeTask(input),
    evaluate(input) {
      const key = keyOf(input)
      if (key.length > INPUT_CHARACTERS) return engine.evaluate(input)
      let verdict = young.get(key)
      if (verdict !== undefined) return verdict
      verdict = old.get(key) ?? frozen(engine.evaluate(input))
      remember(key, verdict)
      return verdict
    },
  }
}

/** JSON leaves out what is undefined. */
function keyOf(input: PolicyInput): string {
  return JSON.stringify({ ...input, timeSeconds: undefined })
}

/** Messages quote resources, once for each class that lacks a grant: they may be longer than the input. */
function lengthOf({ messages }: PolicyVerdict): number {
  return messages.reduce((sum, each) => sum + each.length, 0)
}

function frozen({ rules, messages, ...verdict }: PolicyVerdict): PolicyVerdict {
  return Object.freeze({ ...verdict, rules: Object.freeze(rules), messages: Object.freeze(messages) })
}
