/** Facts for deciders: selected parameters under stable names, whatever a service calls them. */
import type { CallFacts } from '../exchange.ts'
import type { FactName } from './catalogue/facts.ts'
import type { Operation } from './catalogue/catalogue.ts'
import { valuesAt } from './locate.ts'
import type { Parts } from './locate.ts'
import { tagKeys } from './tag-keys.ts'
import { singleText } from './tree.ts'

/** More tags than a resource can have. */
const MAX_TAGS = 100
const MAX_TAG_KEY = 128

/** Whether a value says so. What is no plain `false` counts as said: services differ in what they take for one. */
const SAYS: Readonly<Record<FactName, (text: string) => boolean>> = {
  force: isSaid,
  skipFinalSnapshot: isSaid,
  dryRun: (text) => /^true$/i.test(text),
  public: (text) => /^(public-read|public-read-write|enabled|true)$/i.test(text),
  openToWorld: (text) => /^(0\.0\.0\.0\/0|::\/0)$/.test(text.trim()),
}

function isSaid(text: string): boolean {
  return text !== '' && !/^false$/i.test(text)
}

/** Facts that hold, and the keys of the tags that the call names. Empty if nothing is to be said. */
export function callFacts(operation: Operation, parts: Parts): CallFacts {
  const facts: Record<string, boolean | readonly string[]> = {}
  for (const [name, places] of operation.facts) {
    if (places.some((at) => valuesAt(parts, at).some((value) => SAYS[name](singleText(value)))))
      facts[name] = true
  }
  if (operation.tags.length > 0) {
    const keys = tagKeys(operation.tags, parts).slice(0, MAX_TAGS)
    if (keys.length > 0) facts['tags'] = keys.map((each) => each.slice(0, MAX_TAG_KEY).toWellFormed())
  }
  return facts
}
