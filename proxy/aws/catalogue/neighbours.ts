/**
 * Finds holes beside rules: a member that has a rule while its like in the same operation has none, and an operation
 * that is milder than its sibling in an older or newer API of the same service. `kinds/neighbours.json` says what is
 * alike, and which differences are right. Any other difference stops the generator.
 */
import { readFileSync } from 'node:fs'
import type { RawRule } from './format.ts'
import { words } from './words.ts'

interface Twins {
  readonly services: readonly string[]
  /** A part of names that only one of the services has. */
  readonly drop?: string
}

interface File {
  /** Names of members, in lower case, of which one stands for another. */
  readonly alike: Readonly<Record<string, string>>
  /** Services that spell the same thing in two ways. */
  readonly twins: readonly Twins[]
  /** Reason -> differences that are right, as the generator prints them; `*` stands for anything. */
  readonly exceptions: Readonly<Record<string, readonly string[]>>
}

/** Holds what was found for one operation. */
export interface JudgedOperation {
  readonly service: string
  readonly operation: string
  readonly classes: readonly string[]
  readonly rules: readonly RawRule[]
  /** The last name of every member, in lower case. */
  readonly leaves: ReadonlySet<string>
}

const MILD: ReadonlySet<string> = new Set(['read', 'list', 'write', 'tagging'])

function leafOf(location: string): string {
  return location
    .slice(location.lastIndexOf('.') + 1)
    .replace(/^.*:/, '')
    .toLowerCase()
}

/** Returns what the rules of each member add, by its last name. */
function ruled({ rules }: JudgedOperation): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const [at, , adds] of rules) {
    const leaf = leafOf(at)
    found.set(leaf, new Set([...(found.get(leaf) ?? []), ...adds.filter((each) => !each.startsWith('-'))]))
  }
  return found
}

/** Yields the members of one operation whose like has a rule while they have none. */
function* holesWithin(judged: JudgedOperation, alike: readonly (readonly string[])[]): Generator<string> {
  const byLeaf = ruled(judged)
  for (const family of alike) {
    const here = family.filter((each) => judged.leaves.has(each))
    const grave = here.filter((each) => byLeaf.has(each))
    const adds = new Set(grave.flatMap((each) => [...(byLeaf.get(each) ?? [])]))
    const missing = [...adds].filter((each) => !judged.classes.includes(each))
    for (const each of here)
      if (!byLeaf.has(each) && missing.length > 0)
        yield `${judged.service}.${judged.operation}: ${each} has no rule, ${grave.join(' ')} has`
  }
}

/** Yields where one of two siblings is milder: in its classes, or in a member that both have. */
function* holesBetween(mild: JudgedOperation, grave: JudgedOperation): Generator<string> {
  const name = `${mild.service}.${mild.operation}`
  const sibling = `${grave.service}.${grave.operation}`
  for (const each of grave.classes)
    if (!MILD.has(each) && !mild.classes.includes(each)) yield `${name}: not ${each}, as ${sibling} is`
  const byLeaf = ruled(mild)
  for (const [leaf, adds] of ruled(grave)) {
    if (!mild.leaves.has(leaf)) continue
    const given = new Set([...mild.classes, ...(byLeaf.get(leaf) ?? [])])
    const missing = [...adds].filter((each) => !given.has(each) && !MILD.has(each))
    if (missing.length > 0) yield `${name}: ${leaf} does not add ${missing.join(' ')}, as in ${sibling}`
  }
}

function* holesOf(twins: Twins, all: readonly JudgedOperation[]): Generator<string> {
  const drop = new RegExp(twins.drop ?? '(?!)', 'g')
  const ours = all.filter(({ service }) => twins.services.includes(service))
  const groups = Map.groupBy(ours, ({ operation }) => operation.replace(drop, ''))
  for (const siblings of groups.values())
    for (const mild of siblings)
      for (const grave of siblings) if (mild.service !== grave.service) yield* holesBetween(mild, grave)
}

/** Returns every difference between likes that is not excepted, sorted. */
export function holesIn(all: readonly JudgedOperation[]): string[] {
  const { alike, twins, exceptions } = JSON.parse(
    readFileSync(new URL('kinds/neighbours.json', import.meta.url), 'utf8'),
  ) as File
  const families = Object.values(alike).map(words)
  const right = Object.values(exceptions)
    .flat()
    .map((each) => new RegExp(`^${each.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`))
  const found = [
    ...all.flatMap((each) => [...holesWithin(each, families)]),
    ...twins.flatMap((each) => [...holesOf(each, all)]),
  ]
  return [...new Set(found)].filter((each) => !right.some((is) => is.test(each))).sort()
}
