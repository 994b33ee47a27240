/**
 * Finds the ARNs that a call touches, never fewer than it does. If the request does not name a resource type that IAM
 * checks, `*` is among them. An unknown account is written `*`, which matches only a pattern for every account.
 */
import { unknownStars } from '../../../policy/literal-names.ts'
import { ANY, ARN, newSink, type ArnPlace, type Sink } from './arns.ts'
import type { Locator, Operation, ResourceEntry, ResourceVariable } from '../catalogue/types.ts'
import { type RequestParts, valuesAt } from './locate.ts'
import { decode } from '../protocols/query.ts'
import { cleaned, isName, placeOf, spelled, spelledPath, UNFIT } from './names.ts'
import { addS3 } from './s3-resources.ts'

export type { ArnPlace }

function variable(name: string, place: ArnPlace, value: (name: string) => string): string {
  if (name === 'Partition') return place.partition
  if (name === 'Region') return place.region
  return name === 'Account' ? (place.accountId ?? ANY) : value(name)
}

function fill(pieces: readonly string[], place: ArnPlace, value: (name: string) => string): string {
  let arn = ''
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i] as string
    arn += i % 2 === 0 ? piece : variable(piece, place, value)
  }
  return arn
}

/** Tells whether an alias stands for an unknown key, if an operation is about keys. */
function isAliasForKey({ arnService, template }: ResourceEntry, name: string): boolean {
  return arnService === 'kms' && name.startsWith('alias/') && template?.includes(':key/') === true
}

/** Matches what every service reads as the same name; most values do. */
const PLAIN = /^[\w.-]+$/

/** Stands for the one name that is still missing; no name may have it. */
const GAP = '\u0000'

/** A Frame is a template that lacks only one name. */
interface Frame {
  readonly entry: ResourceEntry
  readonly others: (name: string) => string
  readonly place: ArnPlace
  /** The text before and after the name: in most calls on many things only the name differs. */
  readonly around: readonly string[]
}

function frameOf(entry: ResourceEntry, others: (name: string) => string, place: ArnPlace): Frame {
  const around = fill(entry.pieces, place, (each) => others(each) || GAP).split(GAP)
  return { entry, others, place, around }
}

/** Caches the newest frame of each template: most calls are for the same account and region. */
const newest = new WeakMap<ResourceEntry, Frame>()

function plainFrame(entry: ResourceEntry, place: ArnPlace): Frame {
  const known = newest.get(entry)
  if (known !== undefined && isSamePlace(known.place, place)) return known
  const frame = frameOf(entry, NONE, place)
  newest.set(entry, frame)
  return frame
}

function isSamePlace(one: ArnPlace, other: ArnPlace): boolean {
  return one.region === other.region && one.accountId === other.accountId && one.partition === other.partition
}

function framed(around: readonly string[], name: string): string {
  let arn = around[0] ?? ''
  for (let i = 1; i < around.length; i++) arn += name + (around[i] as string)
  return arn
}

/** Adds the ARN for one value: the value itself if it is an ARN, otherwise the filled template. */
function addValue(sink: Sink, { entry, others, place, around }: Frame, value: string): void {
  if (PLAIN.test(value)) return sink.add(framed(around, value))
  const service = entry.arnService
  if (value.startsWith('arn:')) {
    const arn = ARN.exec(value)
    if (arn?.[2] !== service || isAliasForKey(entry, arn[5] ?? '')) sink.add(ANY)
    if (arn === null) return
    sink.add(unknownStars(value))
    // With other members, an ARN counts only if it agrees with them: the service may follow them instead.
    const [, , , region = '', accountId = '', resource = ''] = arn
    const name = cleaned(service, resource.slice(resource.lastIndexOf('/') + 1))
    const said = fill(entry.pieces, { ...place, region, accountId }, (each) => others(each) || name)
    if (others !== NONE && !covers(said, value)) sink.add(ANY)
    return
  }
  const name = cleaned(service, value)
  if (!isName(service, name)) return sink.add(ANY)
  const text = spelled(entry, name)
  if (service === 'kms' && name.startsWith('alias/')) {
    sink.add(`arn:${place.partition}:kms:${place.region}:${place.accountId ?? ANY}:${text}`)
    if (isAliasForKey(entry, name)) sink.add(ANY)
    return
  }
  const there = placeOf(service, value, place)
  sink.add(framed(there === place ? around : frameOf(entry, others, there).around, text))
}

const NONE = (): string => ''

/** Tells whether an ARN is the same except for parts that only the service knows. */
function covers(said: string, arn: string): boolean {
  const parts = said.split(ANY)
  if (parts.length === 1) return said === arn
  let at = 0
  for (const part of parts) {
    const found = arn.indexOf(part, at)
    if (found < 0 || (at === 0 && found > 0)) return false
    at = found + part.length
  }
  return parts.at(-1) === '' || at === arn.length
}

function strings(parts: RequestParts, locators: readonly Locator[]): string[] {
  const found: string[] = []
  for (const each of locators) {
    for (const value of valuesAt(parts, each)) found.push(typeof value === 'string' ? value : '')
  }
  return found
}

/** Returns the place with the account that the request names, if it does; Glacier writes `-` for the caller's own. */
function placeIn({ account }: ResourceEntry, parts: RequestParts, place: ArnPlace): ArnPlace {
  if (account.length === 0) return place
  const said = strings(parts, account).filter((each) => each !== '-')
  if (said.length === 0) return place
  const [owner = ''] = said
  return { ...place, accountId: said.length === 1 && /^\d{12}$/.test(owner) ? owner : undefined }
}

/** Tells whether an item of a list lacks a value that others have. */
function lacks(parts: RequestParts, { from, steps }: Locator, given: number): boolean {
  return steps.length > 1 && valuesAt(parts, { from, steps: steps.slice(0, -1) }).length > given
}

/** Returns the values for a variable; the default is among them if the request, or an item of its list, gives none. */
function givenFor({ at, fallback, qualifier }: ResourceVariable, parts: RequestParts): string[] {
  const given = strings(parts, at)
  if (fallback !== undefined && (given.length === 0 || at.some((each) => lacks(parts, each, given.length))))
    given.push(fallback)
  const behind = qualifier === undefined ? [] : strings(parts, [qualifier])
  return behind.length === 0 ? given : given.flatMap((each) => behind.map((more) => `${each}:${more}`))
}

function isOfAnotherType({ unless }: ResourceEntry, parts: RequestParts): boolean {
  return unless !== undefined && strings(parts, unless.at).some((each) => each !== unless.fallback)
}

/** Adds a template filled with its values. Several variables are combined only if all but the last have one plain value. */
function addTemplate(sink: Sink, entry: ResourceEntry, parts: RequestParts, ours: ArnPlace): void {
  if (isOfAnotherType(entry, parts)) return
  const place = placeIn(entry, parts, ours)
  const values: (readonly [string, readonly string[]])[] = []
  const unknown = new Set<string>()
  for (const [name, variable] of entry.variables) {
    const given = givenFor(variable, parts)
    if (variable.at.length === 0) unknown.add(name)
    else if (given.length === 0) return entry.required ? sink.add(ANY) : undefined
    else values.push([name, given])
  }
  const last = values.pop()
  if (last === undefined) return sink.add(fill(entry.pieces, place, (name) => (unknown.has(name) ? ANY : '')))
  if (values.length === 0 && unknown.size === 0) {
    const frame = plainFrame(entry, place)
    for (const each of last[1]) addValue(sink, frame, each)
    return
  }
  if (values.some(([, given]) => given.length > 1 || !isName('', given[0] ?? ''))) return sink.add(ANY)
  const others = new Map(
    values.map(([name, given]) => [name, spelled(entry, cleaned(entry.arnService, given[0] ?? ''))]),
  )
  for (const each of unknown) others.set(each, ANY)
  const frame = frameOf(entry, (name) => others.get(name) ?? '', place)
  for (const each of last[1]) addValue(sink, frame, each)
}

/** Adds a member that holds the whole ARN of the operation's resource. */
function addWhole(sink: Sink, entry: ResourceEntry, parts: RequestParts, service: string): void {
  const values = strings(parts, entry.variables.get('@')?.at ?? [])
  if (values.length === 0) sink.add(ANY)
  for (const value of values) {
    const arn = ARN.exec(value)
    sink.add(arn === null ? ANY : unknownStars(value))
    if (arn !== null && arn[2] !== service) sink.add(ANY)
  }
}

/** Returns API Gateway's ARN for a path, in the one spelling that patterns have. */
function pathArn(path: string, { partition, region }: ArnPlace): string {
  const decoded = decode(path.replace(/(?<=.)\/$/, ''))
  return decoded === undefined || UNFIT.test(decoded)
    ? ANY
    : `arn:${partition}:apigateway:${region}::${spelledPath(decoded)}`
}

function addEntry(
  sink: Sink,
  entry: ResourceEntry,
  operation: Operation,
  parts: RequestParts,
  place: ArnPlace,
): void {
  switch (entry.kind) {
    case 'arn':
      return addTemplate(sink, entry, parts, place)
    case 'whole':
      return addWhole(sink, entry, parts, operation.service.prefix)
    case 'path':
      return sink.add(pathArn(parts.path, place))
    default:
      return sink.add(ANY)
  }
}

/** Returns every resource of a call; only `*` if IAM names none. */
export function resourcesOf(operation: Operation, parts: RequestParts, place: ArnPlace): readonly string[] {
  const sink = newSink()
  if (operation.service.model === 's3') addS3(sink, operation, parts, place)
  else for (const entry of operation.resources) addEntry(sink, entry, operation, parts, place)
  return sink.found.size === 0 ? [ANY] : [...sink.found]
}
