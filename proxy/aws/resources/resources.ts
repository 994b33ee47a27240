/**
 * The ARNs that a call touches, never narrower than the truth: where a resource type that IAM asks for is not named
 * by the request, `*` is among them. An unknown account is written `*`, which only a pattern that covers every
 * account matches.
 */
import { ANY, ARN, newSink, type ArnPlace, type Sink } from './arns.ts'
import type { Locator, Operation, ResourceEntry, ResourceVariable } from '../catalogue/types.ts'
import { type RequestParts, valuesAt } from './locate.ts'
import { decode } from '../protocols/query.ts'
import { addS3 } from './s3-resources.ts'

export type { ArnPlace }

/** `https://sqs.region.amazonaws.com/123456789012/name`: account and name. */
const QUEUE_URL = /^https?:\/\/[^/]+\/(\d{12})\/([^/]+)$/
/** Blanks and control characters belong into no ARN. */
// oxlint-disable-next-line no-control-regex
const UNFIT = /[\u0000-\u0020\u007f-\u00a0]/

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

/** A value as it stands in an ARN: queue URLs, Route 53 ids, parameter names, builds and revisions are written otherwise. */
function cleaned(service: string, value: string): string {
  if (service === 'ecs') return value.replace(/:\d+$/, '')
  if (service === 'sqs') return QUEUE_URL.exec(value)?.[2] ?? value
  if (service === 'route53') return value.replace(/^\/?(hostedzone|change|delegationset|healthcheck)\//, '')
  if (service === 'codebuild') return value.replace(/:[\w-]+$/, '')
  return service === 'ssm' ? value.replace(/^\//, '') : value
}

function placeOf(service: string, value: string, place: ArnPlace): ArnPlace {
  const account = service === 'sqs' ? QUEUE_URL.exec(value)?.[1] : undefined
  return account === undefined ? place : { ...place, accountId: account }
}

/** `name:qualifier`, and not `function:name`, `account:name` or `region:name`, which Lambda takes for partial ARNs. */
const LAMBDA_QUALIFIED = /^(?!function:|\d{12}:|[a-z]{2}(-[a-z]+)+-\d:)[\w-]+:[\w$-]+$/

/** A colon makes a value something else than a name, but for Lambda's qualifiers; so does a slash in a queue's. */
function isName(service: string, name: string): boolean {
  if (name === '' || UNFIT.test(name)) return false
  if (service === 'sqs' && name.includes('/')) return false
  return !name.includes(':') || (service === 'lambda' && LAMBDA_QUALIFIED.test(name))
}

/** Where an operation is about keys, an alias names one that we do not know. */
function isAliasForKey({ arnService, template }: ResourceEntry, name: string): boolean {
  return arnService === 'kms' && name.startsWith('alias/') && template?.includes(':key/') === true
}

/** What every service takes for a name, and for the same one: most values are. */
const PLAIN = /^[\w.-]+$/

/** Stands for the one name that is still to come; no name may hold it. */
const GAP = '\u0000'

/** A template that lacks one name only. */
interface Frame {
  readonly entry: ResourceEntry
  readonly others: (name: string) => string
  readonly place: ArnPlace
  /** Its text, cut where the name belongs: most calls that name many things differ in it alone. */
  readonly around: readonly string[]
}

function frameOf(entry: ResourceEntry, others: (name: string) => string, place: ArnPlace): Frame {
  const around = fill(entry.pieces, place, (each) => others(each) || GAP).split(GAP)
  return { entry, others, place, around }
}

/** The newest frame of each template that lacks one name: calls are mostly made in one place. */
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

/** Adds the ARN for one value: the value itself if it is one, else the filled template. */
function addValue(sink: Sink, { entry, others, place, around }: Frame, value: string): void {
  if (PLAIN.test(value)) return sink.add(framed(around, value))
  const service = entry.arnService
  if (value.startsWith('arn:')) {
    const arn = ARN.exec(value)
    if (arn?.[2] !== service || isAliasForKey(entry, arn[5] ?? '')) sink.add(ANY)
    if (arn === null) return
    sink.add(value)
    // Beside other members, an ARN counts only if it says the same: the service may go by them instead.
    const [, , , region = '', accountId = '', resource = ''] = arn
    const name = cleaned(service, resource.slice(resource.lastIndexOf('/') + 1))
    const said = fill(entry.pieces, { ...place, region, accountId }, (each) => others(each) || name)
    if (others !== NONE && !covers(said, value)) sink.add(ANY)
    return
  }
  const name = cleaned(service, value)
  if (!isName(service, name)) return sink.add(ANY)
  if (service === 'kms' && name.startsWith('alias/')) {
    sink.add(`arn:${place.partition}:kms:${place.region}:${place.accountId ?? ANY}:${name}`)
    if (isAliasForKey(entry, name)) sink.add(ANY)
    return
  }
  const there = placeOf(service, value, place)
  sink.add(framed(there === place ? around : frameOf(entry, others, there).around, name))
}

const NONE = (): string => ''

/** Whether an ARN is the same but for parts that only the service knows. */
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

/** The place of a thing in another's account, where the request says so; glacier writes `-` for one's own. */
function placeIn({ account }: ResourceEntry, parts: RequestParts, place: ArnPlace): ArnPlace {
  if (account.length === 0) return place
  const said = strings(parts, account).filter((each) => each !== '-')
  if (said.length === 0) return place
  const [owner = ''] = said
  return { ...place, accountId: said.length === 1 && /^\d{12}$/.test(owner) ? owner : undefined }
}

/** Whether some item of a list gives nothing where others do. */
function lacks(parts: RequestParts, { from, steps }: Locator, given: number): boolean {
  return steps.length > 1 && valuesAt(parts, { from, steps: steps.slice(0, -1) }).length > given
}

/** What the request gives for a variable: the default where it, or an item of its list, gives nothing. */
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

/** A template with its values. Several variables are filled together only if all but the last have one plain value. */
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
  const others = new Map(values.map(([name, given]) => [name, cleaned(entry.arnService, given[0] ?? '')]))
  for (const each of unknown) others.set(each, ANY)
  const frame = frameOf(entry, (name) => others.get(name) ?? '', place)
  for (const each of last[1]) addValue(sink, frame, each)
}

/** A member that holds the ARN of whatever the operation is about. */
function addWhole(sink: Sink, entry: ResourceEntry, parts: RequestParts, service: string): void {
  const values = strings(parts, entry.variables.get('@')?.at ?? [])
  if (values.length === 0) sink.add(ANY)
  for (const value of values) {
    const arn = ARN.exec(value)
    sink.add(arn === null ? ANY : value)
    if (arn !== null && arn[2] !== service) sink.add(ANY)
  }
}

/** API Gateway's own: the path, in the one spelling that patterns have. */
function pathArn(path: string, { partition, region }: ArnPlace): string {
  const decoded = decode(path.replace(/(?<=.)\/$/, ''))
  return decoded === undefined || UNFIT.test(decoded)
    ? ANY
    : `arn:${partition}:apigateway:${region}::${decoded}`
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

/** Every resource of a call; `*` alone where IAM names none. */
export function resourcesOf(operation: Operation, parts: RequestParts, place: ArnPlace): readonly string[] {
  const sink = newSink()
  if (operation.service.model === 's3') addS3(sink, operation, parts, place)
  else for (const entry of operation.resources) addEntry(sink, entry, operation, parts, place)
  return sink.found.size === 0 ? [ANY] : [...sink.found]
}
