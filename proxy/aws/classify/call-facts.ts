/** Extracts facts for policy: selected parameters under stable names, whatever a service calls them. */
import type { CallFacts } from '../../core/call.ts'
import type { FactName, SwitchName } from '../catalogue/facts.ts'
import type { Locator, Operation } from '../catalogue/types.ts'
import { type RequestParts, valuesAt } from '../resources/locate.ts'
import { tagKeys, tagPairs } from '../resources/tag-keys.ts'
import { singleText } from '../protocols/tree.ts'

/** More tags than a resource can have. */
const MAX_TAGS = 100
const MAX_TAG_KEY = 128

/** Tells whether a value switches something on. Anything but a plain `false` does: services parse booleans differently. */
const SAYS: Readonly<Record<SwitchName, (text: string) => boolean>> = {
  force: isSaid,
  skipFinalSnapshot: isSaid,
  dryRun: (text) => /^true$/i.test(text),
  public: (text) => /^(public-read|public-read-write|enabled|true)$/i.test(text),
  openToWorld: (text) => /^(0\.0\.0\.0\/0|::\/0)$/.test(text.trim()),
}

function isSaid(text: string): boolean {
  return text !== '' && !/^false$/i.test(text)
}

/** Limits that no real call reaches: the number of values, and the length of each. */
const MAX_VALUES = 20
const MAX_VALUE = 256

function isSwitch(name: FactName): name is SwitchName {
  return Object.hasOwn(SAYS, name)
}

/** Cuts the agent's own text to what policy may see. */
function cut(text: string, length: number): string {
  return text.slice(0, length).toWellFormed()
}

/** Returns each value once; objects, such as a grantee, are left out. */
function valuesOf(places: readonly Locator[], parts: RequestParts): string[] {
  const texts = places.flatMap((at) => valuesAt(parts, at).map(singleText))
  return [...new Set(texts.filter((each) => each !== '').map((each) => cut(each, MAX_VALUE)))].slice(
    0,
    MAX_VALUES,
  )
}

function tagValues(tags: readonly Locator[], parts: RequestParts): Record<string, string[]> {
  const found = new Map<string, Set<string>>()
  for (const [key, value] of tagPairs(tags, parts).slice(0, MAX_TAGS)) {
    const name = cut(key, MAX_TAG_KEY)
    found.set(name, (found.get(name) ?? new Set()).add(cut(value, MAX_VALUE)))
  }
  return Object.fromEntries([...found].map(([key, values]) => [key, [...values]]))
}

/** Returns the facts that hold, the values that are given, and the tags that the call names; empty if there are none. */
export function callFacts(operation: Operation, parts: RequestParts): CallFacts {
  const facts: Record<string, CallFacts[string]> = {}
  for (const [name, places] of operation.facts) {
    if (isSwitch(name)) {
      if (places.some((at) => valuesAt(parts, at).some((value) => SAYS[name](singleText(value)))))
        facts[name] = true
      continue
    }
    const values = valuesOf(places, parts)
    if (values.length > 0) facts[name] = values
  }
  if (operation.tags.length > 0) {
    const keys = tagKeys(operation.tags, parts).slice(0, MAX_TAGS)
    if (keys.length > 0) facts['tags'] = keys.map((each) => cut(each, MAX_TAG_KEY))
    const values = tagValues(operation.tags, parts)
    if (Object.keys(values).length > 0) facts['requestTags'] = values
  }
  return facts
}
