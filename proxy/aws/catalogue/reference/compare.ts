/** Compares the catalogue with what others say of the same operations. */
import { everyOperation } from '../catalogue.ts'
import type { Catalogue, Operation } from '../types.ts'
import type { Opinion, Reference } from './opinion.ts'

/** A difference in the IAM actions of one operation. */
export interface ActionDifference {
  /** `s3.GetObject`: model and operation. */
  readonly operation: string
  readonly ours: readonly string[]
  readonly theirs: readonly string[]
  /** The catalogue's action is a guess from the operation's name. */
  readonly inferred: boolean
}

export interface Comparison {
  readonly title: string
  readonly files: number
  readonly actions: {
    readonly compared: number
    readonly same: number
    /** The reference has ours and more: what only some requests need. */
    readonly within: number
    readonly differ: readonly ActionDifference[]
    /** The reference says that no action authorizes the operation. */
    readonly none: readonly string[]
  }
  readonly levels: {
    readonly compared: number
    /** A change by the reference, and a read or list in the catalogue. */
    readonly milder: readonly string[]
    /** A read or list by the reference, and a change in the catalogue. */
    readonly harsher: readonly string[]
  }
  /** Operations that the catalogue lacks. */
  readonly onlyTheirs: readonly string[]
  /** Operations of the services in the reference of which it says nothing. */
  readonly onlyOurs: readonly string[]
  /** Models of which no file speaks. */
  readonly modelsLacking: readonly string[]
}

/** Compares operation by operation; lists are sorted, by service first. */
export function compare(catalogue: Catalogue, reference: Reference): Comparison {
  const matched = new Map<Operation, Opinion[]>()
  const onlyTheirs = new Set<string>()
  for (const opinion of reference.opinions) {
    const found = operationsOf(catalogue, opinion)
    if (found.length === 0)
      onlyTheirs.add(`${opinion.models[0] ?? opinion.prefix ?? '?'}.${opinion.operation}`)
    for (const each of found) matched.set(each, [...(matched.get(each) ?? []), opinion])
  }
  const covered = new Set([...matched.keys()].map(({ service }) => service))
  const prefixes = new Set(reference.prefixes)
  const isCovered = ({ service }: Operation): boolean => covered.has(service) || prefixes.has(service.prefix)
  const all = everyOperation(catalogue)
  const lacking = all.filter((each) => !isCovered(each)).map(({ service }) => service.model)
  return {
    title: reference.title,
    files: reference.files,
    actions: compareActions(matched),
    levels: compareLevels(all, matched, reference),
    onlyTheirs: [...onlyTheirs].sort(),
    onlyOurs: all
      .filter((each) => isCovered(each) && !matched.has(each))
      .map(keyOf)
      .sort(),
    modelsLacking: [...new Set(lacking)].sort(),
  }
}

/** The name of a model finds that model first; a prefix is that of every model that has it. */
function operationsOf(catalogue: Catalogue, { models, prefix, operation }: Opinion): readonly Operation[] {
  if (prefix !== undefined) return catalogue.named(prefix, operation)
  return [...new Set(models.flatMap((each) => catalogue.named(each, operation).slice(0, 1)))]
}

function keyOf({ service, name }: Operation): string {
  return `${service.model}.${name}`
}

/** What all opinions on an operation allow together; undefined if none speaks of actions. */
function authorizedBy(operation: Operation, opinions: readonly Opinion[]): readonly string[] | undefined {
  const said = opinions.flatMap(({ actions }) => (actions === undefined ? [] : [actions]))
  if (said.length === 0) return undefined
  return [...new Set(said.flat())].map((each) => each.replace(/^\*:/, `${operation.service.prefix}:`)).sort()
}

function compareActions(matched: ReadonlyMap<Operation, readonly Opinion[]>): Comparison['actions'] {
  const differ: ActionDifference[] = []
  const none: string[] = []
  let compared = 0
  let same = 0
  let within = 0
  for (const [operation, opinions] of matched) {
    const theirs = authorizedBy(operation, opinions)
    if (theirs === undefined) continue
    compared += 1
    // IAM compares actions without case.
    const known = new Set(theirs.map((each) => each.toLowerCase()))
    const { actions: ours, traits } = operation
    if (theirs.length === 0) none.push(keyOf(operation))
    else if (!ours.every((each) => known.has(each.toLowerCase())))
      differ.push({ operation: keyOf(operation), ours, theirs, inferred: traits.includes('inferred') })
    else if (known.size === new Set(ours).size) same += 1
    else within += 1
  }
  differ.sort((a, b) => (a.operation < b.operation ? -1 : 1))
  return { compared, same, within, differ, none: none.sort() }
}

/** An operation of several actions is a change if one of them is, and a read if all are. */
function compareLevels(
  all: readonly Operation[],
  matched: ReadonlyMap<Operation, readonly Opinion[]>,
  { actions }: Reference,
): Comparison['levels'] {
  const changing = new Map(actions.map(({ action, changes }) => [action, changes]))
  const milder: string[] = []
  const harsher: string[] = []
  let compared = 0
  for (const operation of all) {
    const known = operation.actions.flatMap((each) => changing.get(each.toLowerCase()) ?? [])
    const readOnly = matched.get(operation)?.some(({ isReadOnly }) => isReadOnly) === true
    const theirs = !readOnly && known.includes(true)
    if (!readOnly && !theirs && (known.length === 0 || known.length < operation.actions.length)) continue
    compared += 1
    const ours = operation.level !== 'Read' && operation.level !== 'List'
    if (theirs && !ours) milder.push(keyOf(operation))
    if (ours && !theirs) harsher.push(keyOf(operation))
  }
  return { compared, milder: milder.sort(), harsher: harsher.sort() }
}
