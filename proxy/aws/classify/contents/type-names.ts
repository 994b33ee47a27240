/** Finds the operations of the API behind CloudFormation's names of resource types. */
import { plainName } from '../../catalogue/catalogue.ts'
import type { Catalogue, Operation, Service } from '../../catalogue/types.ts'
import { NAMED, PASSIVE, SERVICES, TYPE_SETTINGS } from './type-tables.ts'

/** Lists the verbs with which services make what CloudFormation names by a noun. */
const MAKING = [
  'Create',
  'Put',
  'Add',
  'Attach',
  'Set',
  'Register',
  'Request',
  'Run',
  'Authorize',
  'Enable',
  'Associate',
  'Allocate',
  'Import',
  'Upload',
  'Publish',
  'Start',
  'Provision',
]
const CHANGING = ['Update', 'Modify', 'Put', 'Set']
const DELETING = [
  'Delete',
  'Terminate',
  'Remove',
  'Deregister',
  'Detach',
  'Disassociate',
  'Revoke',
  'Disable',
  'Release',
]

const NAME = /^AWS::(\w+)::(\w+)$/
/** Lists verbs that make a thing only if no operation has one of the others with its noun. */
const ALSO_MAKING = [...MAKING, 'Update', 'Modify', 'Grant', 'Issue', 'Invite', 'Activate']
/** Matches what CloudFormation puts before the noun of the API: `EnabledControl`, `UserPoolGroup`. */
const BEFORE = /^(Enabled|UserPool|MailManager|InfluxDB|Firewall|Resource)(?=[A-Z])/
/** Matches nouns made of a verb: `RuleGroupAssociation` comes of `AssociateRuleGroup`. */
const FROM_VERB = /(Association|Attachment|Assignment|Configuration|Config|Addition)$/

/** Holds the operations behind a type. */
export interface TypeOperations {
  readonly making: readonly Operation[]
  readonly changing: readonly Operation[]
  readonly deleting: readonly Operation[]
  /** False if no operation could be found, so that nobody knows what such a resource does. */
  readonly isKnown: boolean
}

/** More types than CloudFormation has; the names are the agent's text. */
const MAX_KNOWN = 4000
const known = new WeakMap<Catalogue, Map<string, TypeOperations>>()

interface Verb {
  readonly verb: string
  readonly operation: () => Operation | undefined
}

const indexed = new WeakMap<Service, ReadonlyMap<string, readonly Verb[]>>()

/** Returns the verbs of a service by their noun, in plain letters. */
function indexOf(service: Service): ReadonlyMap<string, readonly Verb[]> {
  const before = indexed.get(service)
  if (before !== undefined) return before
  const found = new Map<string, Verb[]>()
  for (const name of service.operationNames) {
    const [, verb = '', noun = ''] = /^([A-Z][a-z]+)(.*)$/.exec(name) ?? []
    const entry = { verb, operation: () => service.operation(name) }
    const same = found.get(plainName(noun))
    if (same === undefined) found.set(plainName(noun), [entry])
    else same.push(entry)
  }
  indexed.set(service, found)
  return found
}

function byKey(catalogue: Catalogue, key: string): readonly Operation[] {
  const dot = key.indexOf('.')
  const operation = catalogue.service(key.slice(0, dot))?.operation(key.slice(dot + 1))
  return operation === undefined ? [] : [operation]
}

function find(type: string, catalogue: Catalogue): TypeOperations {
  const [, service = '', noun = ''] = NAME.exec(type) ?? []
  const services = Object.hasOwn(SERVICES, service) ? (SERVICES[service] ?? []) : [service]
  const stem = noun.replace(FROM_VERB, '')
  const nouns =
    noun === '' ? [] : [noun, stem, `${noun}s`, `${stem}s`, noun.replace(BEFORE, ''), `Cache${noun}`]
  const indexes = services.flatMap((each) => catalogue.servicesNamed(each)).map(indexOf)
  const named = (verbs: readonly string[], all: readonly string[]) =>
    indexes.flatMap((index) =>
      all.flatMap((what) =>
        (index.get(plainName(what)) ?? []).flatMap(({ verb, operation }) =>
          verbs.includes(verb) ? (operation() ?? []) : [],
        ),
      ),
    )
  const byHand = (Object.hasOwn(NAMED, type) ? (NAMED[type] ?? []) : []).flatMap((key) =>
    byKey(catalogue, key),
  )
  const exact = named(MAKING, nouns.slice(0, 1))
  // Looser names only where the exact noun is no operation's.
  const making = byHand.length > 0 ? byHand : exact.length > 0 ? exact : named(ALSO_MAKING, nouns)
  const settings = (Object.hasOwn(TYPE_SETTINGS, type) ? (TYPE_SETTINGS[type] ?? []) : []).flatMap((key) =>
    byKey(catalogue, key),
  )
  const changing = [...byHand, ...settings, ...named(CHANGING, nouns.slice(0, 1))]
  const deleting = named(DELETING, nouns.slice(0, 2))
  return { making, changing, deleting, isKnown: making.length > 0 || PASSIVE.has(type) }
}

/** Returns the operations of the API that make, change and delete resources of a type; found once for each. */
export function operationsOfType(type: string, catalogue: Catalogue): TypeOperations {
  const types = known.get(catalogue) ?? new Map<string, TypeOperations>()
  known.set(catalogue, types)
  const before = types.get(type)
  if (before !== undefined) return before
  const found = find(type, catalogue)
  if (types.size < MAX_KNOWN) types.set(type, found)
  return found
}
