/**
 * Classifies what the documents in a call contain (security rules S12 and S26). The calls that will be made with them add
 * their classes, traits and counts to those of the call itself. Content that cannot be read is `opaque` and `unreadable`,
 * never milder.
 */
import type { ArnPlace } from '../../resources/arns.ts'
import type { Catalogue, Content, Operation } from '../../catalogue/types.ts'
import { type RequestParts, valuesAt } from '../../resources/locate.ts'
import { addedBy } from '../../resources/conditional-rules.ts'
import { countOf } from './count.ts'
import { itemUpdatesSay } from './item-updates.ts'
import { automation } from './automation.ts'
import { associations, automationRun, maintenanceTask, remediation } from './automation-runs.ts'
import { desiredResource, goneResource, patchedResource } from './cloud-control.ts'
import { contained, type ContainedOperation } from './contained-operation.ts'
import { type ContainedCall, type Found, partsOf, type Reader, UNREADABLE } from './found.ts'
import { statementsOf } from './partiql.ts'
import { resourceSays } from './resource-types.ts'
import { stateMachine } from './state-machine.ts'
import { arn, fault, ruleTarget, schedule } from './targets.ts'
import { template } from './template.ts'

/** Maps the catalogue's names to the readers. */
const READERS: Readonly<Record<Content['reader'], Reader>> = {
  arn,
  associations,
  automation,
  automationRun,
  desiredResource,
  fault,
  goneResource,
  maintenanceTask,
  patchedResource,
  remediation,
  ruleTarget,
  schedule,
  stateMachine,
  template,
}

/** Holds what documents add to a call: classes and traits, and how many things their graver calls touch. */
export interface ContentsSaid {
  readonly said: readonly string[]
  readonly count: number
}

/** Lists the traits that say how we read a call, not what it does. */
const OURS: ReadonlySet<string> = new Set(['inferred', 'unmodelled'])
/** Lists the classes whose things are counted: a task that calls a function is no grave thing, nor are ten of them. */
const COUNTED: ReadonlySet<string> = new Set([
  'data-delete',
  'disruptive',
  'destructive',
  'permissions',
  'protection',
  'credentials',
])
/** An unknown call may do anything. */
const UNKNOWN: ContentsSaid = { said: ['opaque', 'unreadable'], count: 0 }
const NOTHING: ContentsSaid = { said: [], count: 0 }

/** A limit that no state machine or template reaches; more would keep other requests waiting. */
const MAX_FOUND = 2000
/** A call in a document may hold a document: a schedule that creates a stack. Deeper ones are not read. */
const MAX_DEPTH = 4

function* foundIn(contents: readonly Content[], parts: RequestParts): Generator<Found> {
  const values = contents.flatMap(({ at, reader }) => valuesAt(parts, at).map((value) => ({ reader, value })))
  let count = 0
  for (const { reader, value } of values) {
    for (const found of READERS[reader](value)) {
      if (++count > MAX_FOUND) {
        yield UNREADABLE
        return
      }
      yield found
    }
  }
}

function operationSays(
  called: ContainedOperation,
  { parameters, repeats }: ContainedCall,
  place: ArnPlace,
  depth: number,
): ContentsSaid {
  const { operation, counts, contents } = called
  const parts = partsOf(parameters)
  const statements = statementsOf(operation, parts, place)
  const said = new Set<string>([
    ...(statements?.classes ?? operation.classes),
    ...(statements?.traits ?? []),
    ...operation.traits.filter((each) => !OURS.has(each)),
    ...itemUpdatesSay(operation, parts),
  ])
  for (const each of addedBy(called, parts, place)) if (!each.startsWith('-')) said.add(each)
  const inside = says(contents, operation.service.catalogue, parts, place, depth + 1)
  const isGrave = [...said].some((each) => COUNTED.has(each))
  if (isGrave && repeats) said.add('unbounded')
  return {
    said: [...said, ...inside.said],
    count: (isGrave ? countOf({ counts }, parts) : 0) + inside.count,
  }
}

function callSays(found: ContainedCall, catalogue: Catalogue, place: ArnPlace, depth: number): ContentsSaid {
  const operations = catalogue.named(found.service, found.action)
  if (operations.length === 0) return UNKNOWN
  const said = operations.map((each) => operationSays(contained(each), found, place, depth))
  return {
    said: said.flatMap((each) => each.said),
    count: Math.max(...said.map(({ count }) => count)),
  }
}

function says(
  contents: readonly Content[],
  catalogue: Catalogue,
  parts: RequestParts,
  place: ArnPlace,
  depth: number,
): ContentsSaid {
  if (contents.length === 0) return NOTHING
  if (depth > MAX_DEPTH) return UNKNOWN
  const said = new Set<string>()
  let count = 0
  for (const found of foundIn(contents, parts)) {
    const one = foundSays(found, catalogue, place, depth)
    for (const each of one.said) said.add(each)
    count += one.count
  }
  return { said: [...said], count }
}

function foundSays(found: Found, catalogue: Catalogue, place: ArnPlace, depth: number): ContentsSaid {
  if (found.kind === 'unreadable') return UNKNOWN
  if (found.kind === 'call') return callSays(found, catalogue, place, depth)
  if (found.kind === 'effect')
    return { said: found.repeats ? [...found.said, 'unbounded'] : found.said, count: found.count }
  const { said, contents, members } = resourceSays(found, catalogue, place)
  const inside = says(contents, catalogue, partsOf(members), place, depth + 1)
  return { said: [...said, ...inside.said], count: inside.count }
}

/** Returns what the documents of the call add to it; nothing for most calls, which contain no document. */
export function contentsSay(operation: Operation, parts: RequestParts, place: ArnPlace): ContentsSaid {
  return says(operation.contents, operation.service.catalogue, parts, place, 0)
}
