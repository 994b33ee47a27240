/**
 * Classifies what the documents in a call contain (security rule S12). The calls that will be made with them add their
 * classes and traits to those of the call itself. Content that cannot be read is `opaque` and `unreadable`, never milder.
 */
import type { ArnPlace } from '../../resources/arns.ts'
import type { Catalogue, Content, Operation } from '../../catalogue/types.ts'
import { type RequestParts, valuesAt } from '../../resources/locate.ts'
import { holds } from '../../resources/conditional-rules.ts'
import type { Document } from '../../protocols/tree.ts'
import { automation } from './automation.ts'
import { type ContainedCall, type Found, partsOf, type Reader, UNREADABLE } from './found.ts'
import { resourceSays } from './resource-types.ts'
import { stateMachine } from './state-machine.ts'
import { arn, fault, scheduleTarget } from './targets.ts'
import { resourceType, template } from './template.ts'

/** Maps the catalogue's names to the readers. */
const READERS: Readonly<Record<Content['reader'], Reader>> = {
  arn,
  automation,
  fault,
  resourceType,
  scheduleTarget,
  stateMachine,
  template,
}

/** Lists the traits that say how we read a call, not what it does. */
const OURS: ReadonlySet<string> = new Set(['inferred', 'unmodelled'])

function operationSays(operation: Operation, parameters: Document, place: ArnPlace): string[] {
  const said: string[] = [...operation.classes, ...operation.traits.filter((each) => !OURS.has(each))]
  const parts = partsOf(parameters)
  for (const rule of operation.rules)
    if (rule.at.from === 'b' && holds(rule, parts, place))
      said.push(...rule.adds.filter((each) => !each.startsWith('-')))
  return said
}

/** An unknown call may do anything. */
const UNKNOWN: readonly string[] = ['opaque', 'unreadable']

function callSays({ service, action, parameters }: ContainedCall, catalogue: Catalogue, place: ArnPlace) {
  const operations = catalogue.named(service, action)
  return operations.length === 0
    ? UNKNOWN
    : operations.flatMap((each) => operationSays(each, parameters, place))
}

function says(found: Found, catalogue: Catalogue, place: ArnPlace): readonly string[] {
  if (found.kind === 'unreadable') return UNKNOWN
  return found.kind === 'call' ? callSays(found, catalogue, place) : resourceSays(found, catalogue, place)
}

/** A limit that no state machine or template reaches; more would keep other requests waiting. */
const MAX_FOUND = 2000

function* foundIn({ contents }: Operation, parts: RequestParts): Generator<Found> {
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

const NOTHING: readonly string[] = []

/** Returns the classes and traits of what the call contains; empty for most calls, which contain no document. */
export function contentsSay(operation: Operation, parts: RequestParts, place: ArnPlace): readonly string[] {
  if (operation.contents.length === 0) return NOTHING
  const said = new Set<string>()
  for (const found of foundIn(operation, parts))
    for (const each of says(found, operation.service.catalogue, place)) said.add(each)
  return [...said]
}
