/** Caches the verdicts of a policy that does not read the time. */
import type { PolicyEngine, PolicyInput, PolicyVerdict } from './engine.ts'

/** The characters kept in one generation, for inputs and verdicts: some 5,000 calls, and about 8 MiB for both generations. */
const GENERATION_CHARACTERS = 2 << 20
/** A longer input is never cached: a few agents with long lists must not displace the verdicts of all others. */
const INPUT_CHARACTERS = 4096

/**
 * Returns the engine with a bounded cache of its verdicts. The engine's verdict must depend only on the input without
 * `timeSeconds`. Cached verdicts are frozen; failures are not cached.
 *
 * The key is the JSON of that input, which is all that the engine sees. So no two inputs that it could distinguish share
 * a key, whatever an agent writes into them. There are two generations instead of an exact LRU, as in signing-key.ts.
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

/** Returns the key: JSON leaves out members that are undefined. */
function keyOf(input: PolicyInput): string {
  return JSON.stringify({ ...input, timeSeconds: undefined })
}

/** Returns the length of the messages. They name resources for each class without a grant, so they may exceed the input. */
function lengthOf({ messages }: PolicyVerdict): number {
  return messages.reduce((sum, each) => sum + each.length, 0)
}

function frozen({ rules, messages, asks, ...verdict }: PolicyVerdict): PolicyVerdict {
  return Object.freeze({
    ...verdict,
    rules: Object.freeze(rules),
    messages: Object.freeze(messages),
    asks: asks && Object.freeze(asks),
  })
}
