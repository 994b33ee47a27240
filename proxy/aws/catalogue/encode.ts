/** Encodes one service model into the catalogue's compact form. */
import { bindResources } from './bind-resources.ts'
import { factLocations } from './facts.ts'
import { ACTION_CLASSES, TRAITS } from '../../core/action-class.ts'
import type { LevelLetter, RawOperation, RawRule, RawSaying, RawService } from './format.ts'
import { judge } from './judge.ts'
import { authorize, classesOf, isDefault, traitsOf } from './levels.ts'
import { countedLists } from './lists.ts'
import { memberNames } from './member-names.ts'
import { membersOf } from './members.ts'
import type { OperationModel, ServiceModel } from './model.ts'
import { readPlaces } from './reads.ts'
import { issuesCredentials, passes, runsLater } from './reviews.ts'
import { tagLocations } from './tags.ts'
import { grouped, located, rulesOf, withoutInner } from './encode-rules.ts'
import { amzHeaders, bodyUse, hostPrefix, routing } from './encode-wire.ts'
import type { Judgement, ServiceScope } from './scope.ts'
import { ShapeTable } from './shapes.ts'
import type { Sources } from './sources.ts'

function protocolsOf({ metadata }: ServiceModel): string[] {
  return (metadata.protocols ?? [metadata.protocol]).map((each) => {
    if (each === 'json') return `json-${metadata.jsonVersion ?? '1.0'}`
    return each === 'smithy-rpc-v2-cbor' ? 'cbor' : each
  })
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Leaves out what is empty, so that the data holds only what differs from the default. */
function compact(raw: Mutable<RawOperation>): RawOperation {
  const entries = Object.entries(raw).filter(([key, value]) => {
    if (value === undefined) return false
    if (value === 0 || JSON.stringify(value) === '{}') return false
    return key === 'c' || !Array.isArray(value) || value.length > 0
  })
  return Object.fromEntries(entries)
}

/** The location of the whole body. */
const WHOLE_BODY = 'b:'

/** Returns the hand-made counts, and the lists that the model shows. */
function countsOf(scope: ServiceScope, operation: string, level: LevelLetter): string[] {
  const spelled = (path: string): string =>
    path.startsWith('#') ? `#${located(scope, operation, path.slice(1))}` : located(scope, operation, path)
  const products = scope.overrides.counts[`${scope.name}.${operation}`] ?? []
  const byHand = products.map((product) => product.split(' * ').map(spelled).join(' * '))
  const { model, name, lists, reviews } = scope
  const derived = countedLists(
    model,
    `${name}.${operation}`,
    level,
    lists,
    reviews.unjudged,
    byHand.length > 0,
  )
  return [...new Set([...byHand, ...derived])]
}

function contentsOf(scope: ServiceScope, operation: string): NonNullable<RawOperation['d']> {
  return scope.overrides.contents
    .filter(([key]) => key === `${scope.name}.${operation}`)
    .map(([, path, reader]) => [located(scope, operation, path), reader])
}

/** Holds what an operation says about its parameters, before it is grouped. */
interface Said {
  readonly w: readonly RawRule[]
  readonly d: NonNullable<RawOperation['d']>
  readonly n: readonly string[]
}

/** Returns the names of members whose location says another one: in documents calls are written by the model's names. */
function namesAt(
  { model }: ServiceScope,
  operation: string,
  { w, d, n }: Said,
): NonNullable<RawOperation['N']> {
  const places = [
    ...[...w, ...d].map((each) => each[0]),
    ...n.flatMap((product) => product.split(' * ').map((each) => each.replace(/^#/, ''))),
  ]
  const found: Record<string, string> = {}
  for (const each of [...new Set(places)].sort()) {
    const names = memberNames(model, operation, each)
    if (names !== undefined && names !== '' && `b:${names}` !== each) found[each] = names
  }
  return found
}

function handPasses(scope: ServiceScope, operation: string): string[] {
  const paths = scope.overrides.passes[`${scope.name}.${operation}`] ?? []
  return paths.map((path) => located(scope, operation, path))
}

/** Returns what decides the classes of an operation: its authorization, and what its members give away. */
function judged(scope: ServiceScope, key: string, { name, http, documentation = '' }: OperationModel) {
  const { sources, overrides, reviews, kinds, name: model, prefix } = scope
  const method = http.method
  const inquiry = { model, prefix, operation: name, method, documentation }
  const authorization = authorize(sources.iam, overrides, inquiry)
  const { level } = authorization
  const reviewed = { model: scope.model, name: model, operation: name, level }
  const later = runsLater(reviews, reviewed)
  const found = judge(kinds, reviewed)
  const derived = [
    ...(issuesCredentials(reviews, reviewed) ? ['credentials'] : []),
    ...(later.includes(WHOLE_BODY) ? ['opaque'] : []),
    ...ACTION_CLASSES.filter((each) => found.adds.includes(each)),
  ]
  const classes = classesOf(overrides, key, level, derived)
  const traits = traitsOf(overrides, key, level, classes, found.adds)
  return {
    authorization,
    classes,
    traits,
    later,
    rules: found.rules,
    passed: passes(reviews, reviewed),
    reads: readPlaces(reviews, reviewed),
  }
}

/** Keeps what was found for an operation that changes something, to compare it with its like. */
function noteJudged(
  { kinds, name: service, model }: ServiceScope,
  operation: string,
  found: { level: string; classes: readonly string[]; rules: readonly RawRule[] },
): void {
  if (found.level === 'R' || found.level === 'L') return
  const members = membersOf(model, model.operations[operation]?.input)
  const leaves = new Set([...members].map(({ leaf }) => leaf.toLowerCase()))
  kinds.judged.push({ service, operation, classes: found.classes, rules: found.rules, leaves })
}

function encodeOperation(scope: ServiceScope, operation: OperationModel): RawOperation {
  const { sources, overrides, name: model, prefix } = scope
  const { name } = operation
  const key = `${model}.${name}`
  const { authorization, classes, traits, later, rules, passed, reads } = judged(scope, key, operation)
  const { level, actions, inferred } = authorization
  const byPath = overrides.actionVerbServices.includes(model)
  const found = rulesOf(scope, name, later, rules, [...classes, ...traits])
  noteJudged(scope, name, { level, classes, rules: found })
  const binder = { model: scope.model, key, operation: name, prefix }
  const said = {
    w: withoutInner(found),
    d: contentsOf(scope, name),
    n: countsOf(scope, name, level),
  }
  return compact({
    ...routing(scope, operation),
    ...hostPrefix(scope, operation),
    ...(actions.length === 1 && actions[0] === `${prefix}:${name}` ? {} : { a: actions }),
    ...(level === 'W' ? {} : { l: level }),
    ...(isDefault(classes, level) ? {} : { c: classes }),
    t: inferred ? TRAITS.filter((each) => each === 'inferred' || traits.includes(each)) : traits,
    w: grouped(scope, said.w),
    d: said.d,
    n: said.n,
    N: namesAt(scope, name, said),
    p: [...passed.roles, ...handPasses(scope, name)],
    i: passed.profiles,
    D: reads,
    T: level === 'R' || level === 'L' ? [] : tagLocations(scope.model, name),
    F: level === 'R' || level === 'L' ? {} : factLocations(scope.model, name),
    A: amzHeaders(scope.model, operation),
    S: scope.shapes.bodyOf(name),
    R: byPath ? [['@path', 1]] : bindResources(binder, authorization, sources.iam, overrides),
    ...bodyUse(scope, operation),
    y: sources.asOldAsIam.has(key) ? 0 : 1,
  })
}

/** Returns the ARN templates of the resource types that the operations name. */
function templates(
  sources: Sources,
  prefix: string,
  operations: readonly RawOperation[],
): Record<string, string> {
  const used = new Set(operations.flatMap((each) => (each.R ?? []).map((entry) => entry[0])))
  const found: Record<string, string> = {}
  for (const name of [...used].sort()) {
    const [at, type] = name.includes(':') ? (name.split(':') as [string, string]) : [prefix, name]
    const template = sources.iam.get(at)?.resourceTypes.get(type)
    if (template !== undefined) found[name] = template
  }
  return found
}

/** Encodes one service model with what the hand-made data says of it. */
export function encodeService(
  sources: Sources,
  judgement: Judgement,
  name: string,
  model: ServiceModel,
): RawService {
  const { metadata } = model
  const { overrides } = judgement
  const signing = metadata.signingName ?? metadata.endpointPrefix
  const prefix = overrides.prefixes[name] ?? signing
  const shapes = new ShapeTable(model)
  const sayings = new Map<string, number>()
  const scope = { sources, ...judgement, name, model, prefix, shapes, sayings }
  const operations = Object.entries(model.operations)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([each, operation]) => [each, encodeOperation(scope, { ...operation, name: each })] as const)
  const target = metadata.targetPrefix
  return {
    m: name,
    s: overrides.signing[name] ?? [signing],
    e: metadata.endpointPrefix,
    v: metadata.apiVersion,
    p: [...protocolsOf(model), ...(name === 'sqs' ? ['query'] : [])],
    ...(target === undefined ? {} : { t: target }),
    x: prefix,
    r: templates(
      sources,
      prefix,
      operations.map((each) => each[1]),
    ),
    z: shapes.rows,
    k: [...sayings.keys()].map((each) => JSON.parse(each) as RawSaying),
    o: Object.fromEntries(operations),
  }
}
