/** Decodes services and operations from the lines of the committed catalogue. */
import type { ActionClass, Trait } from '../../core/action-class.ts'
import type {
  Catalogue,
  ConditionalRule,
  CountLocator,
  Locator,
  Operation,
  ResourceEntry,
  ResourceVariable,
  Service,
} from './types.ts'
import type { FactName } from './facts.ts'
import { LEVELS, type RawOperation, type RawSaying, type RawService } from './format.ts'

const BODIES = { s: 'stream', o: 'opaque', n: 'none' } as const
const LEVEL_CLASS = {
  Read: 'read',
  List: 'list',
  Write: 'write',
  Tagging: 'tagging',
  'Permissions management': 'permissions',
  Unknown: 'unknown',
} as const

function locator(text: string, names?: RawOperation['N']): Locator {
  const from = text.slice(0, 1) as Locator['from']
  const rest = text.slice(2)
  const steps = from === 'b' && rest !== '' ? rest.split('.') : rest === '' ? [] : [rest]
  const called = names === undefined || !Object.hasOwn(names, text) ? undefined : names[text]
  return called === undefined ? { from, steps } : { from, steps, names: called.split('.') }
}

function locators(texts: readonly string[] = []): Locator[] {
  return texts.map((each) => locator(each))
}

function countLocator(text: string, names: RawOperation['N']): CountLocator {
  const isNumber = text.startsWith('#')
  return { ...locator(isNumber ? text.slice(1) : text, names), isNumber }
}

function variableOf(text: string): ResourceVariable {
  const spelled = text === '' ? [] : text.split('|')
  const marked = (mark: string) => spelled.find((each) => each.startsWith(mark))?.slice(1)
  const qualifier = marked('+')
  return {
    at: spelled.filter((each) => !/^[=+]/.test(each)).map((each) => locator(each)),
    fallback: marked('='),
    qualifier: qualifier === undefined ? undefined : locator(qualifier),
  }
}

function resourceEntry(
  raw: NonNullable<RawOperation['R']>[number],
  templates: RawService['r'],
): ResourceEntry {
  const [type, required, bound = {}] = raw
  const { Account: account = '', Unless: unless, ...rest } = bound
  const variables = Object.entries(rest).map(([name, at]) => [name, variableOf(at)] as const)
  const template = templates[type]
  const kind = type === '' ? 'whole' : type === '@path' ? 'path' : template === undefined ? 'any' : 'arn'
  return {
    template,
    pieces: template?.split(/\$\{(\w+)\}/) ?? [],
    arnService: template?.split(':')[2] ?? '',
    kind,
    required: required === 1,
    variables: new Map(variables),
    account: account === '' ? [] : [locator(account)],
    unless: unless === undefined ? undefined : variableOf(unless),
  }
}

/** Returns how a request of the operation looks on the wire. */
function wireOf(raw: RawOperation) {
  return {
    http: raw.h ?? '',
    olderHttp: raw.g ?? [],
    requiredQuery: raw.q ?? [],
    knownQuery: raw.Q ?? [],
    amzHeaders: raw.A ?? [],
    requiredHeaders: raw.H ?? [],
    hostPrefix: raw.P ?? '',
  }
}

function rulesOf(
  [saying, ...places]: NonNullable<RawOperation['w']>[number],
  sayings: RawService['k'],
  names: RawOperation['N'],
): ConditionalRule[] {
  const [predicate, adds] = sayings[saying] as RawSaying
  return places.map((at) => ({ at: locator(at, names), predicate, adds }))
}

function operationOf(
  service: Service,
  name: string,
  raw: RawOperation,
  { r: templates, k: sayings }: Pick<RawService, 'r' | 'k'>,
): Operation {
  const level = LEVELS[raw.l ?? 'W']
  return {
    service,
    name,
    ...wireOf(raw),
    actions: raw.a ?? [`${service.prefix}:${name}`],
    level,
    classes: (raw.c as readonly ActionClass[] | undefined) ?? [LEVEL_CLASS[level]],
    traits: (raw.t as readonly Trait[] | undefined) ?? [],
    rules: (raw.w ?? []).flatMap((group) => rulesOf(group, sayings, raw.N)),
    contents: (raw.d ?? []).map(([at, reader]) => ({ at: locator(at, raw.N), reader })),
    counts: (raw.n ?? []).map((product) => product.split(' * ').map((each) => countLocator(each, raw.N))),
    resources: (raw.R ?? []).map((each) => resourceEntry(each, templates)),
    passes: { roles: locators(raw.p), profiles: locators(raw.i) },
    reads: Object.entries(raw.D ?? {}).map(([kind, at]) => ({ kind, at: locators(at) })),
    facts: new Map(Object.entries(raw.F ?? {}).map(([key, at]) => [key as FactName, locators(at)])),
    tags: locators(raw.T),
    body: raw.b === undefined ? 'document' : BODIES[raw.b],
    bodyShape: raw.S ?? 0,
    unsignedBody: raw.u === 1,
    eventStream: raw.e === 1,
    newerThanIam: raw.y === 1,
  }
}

/** Decodes a service from its line; each operation is decoded on its first call. */
export function serviceOf(line: string, catalogue: Catalogue): Service {
  const raw = JSON.parse(line) as RawService
  const made = new Map<string, Operation>()
  const service: Service = {
    catalogue,
    model: raw.m,
    signingNames: raw.s,
    endpointPrefix: raw.e,
    version: raw.v,
    protocols: raw.p,
    target: raw.t,
    prefix: raw.x,
    operationNames: Object.keys(raw.o),
    shapes: raw.z,
    operation(name) {
      const known = made.get(name)
      if (known !== undefined || !Object.hasOwn(raw.o, name)) return known
      const operation = operationOf(service, name, raw.o[name] as RawOperation, raw)
      made.set(name, operation)
      return operation
    },
  }
  return service
}
