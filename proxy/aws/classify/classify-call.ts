/** Turns an identified request into a call in IAM's terms. */
import { type ActionClass, changesState, severest, natureOf } from '../../core/action-class.ts'
import { Denial } from '../../core/denial/denial.ts'
import type { Call, Protocol } from '../../core/call.ts'
import type { Operation } from '../catalogue/types.ts'
import { callFacts } from './call-facts.ts'
import { contentsSay } from './contents/contents.ts'
import { countOf } from './contents/count.ts'
import { itemUpdatesSay } from './contents/item-updates.ts'
import type { Form } from '../protocols/form.ts'
import { type RequestParts, valuesAt } from '../resources/locate.ts'
import { statementsOf } from './contents/partiql.ts'
import { PASS_ROLE, passedRoles } from '../resources/passed-roles.ts'
import { type ArnPlace, resourcesOf } from '../resources/resources.ts'
import { addedBy } from '../resources/conditional-rules.ts'
import { readsOf } from '../resources/reads.ts'
import { unmodelledOf } from './unmodelled.ts'

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i

/** Adds to the classes and traits what the rules that hold say; `-trait` removes a trait. `more` is what else was found. */
function saidOf(operation: Operation, parts: RequestParts, place: ArnPlace, more: readonly string[]) {
  const added = operation.rules.length === 0 ? more : [...more, ...addedBy(operation, parts, place)]
  if (added.length === 0) return operation
  const said = new Set<string>([...operation.classes, ...operation.traits, ...added])
  for (const each of added) if (each.startsWith('-')) said.delete(each.slice(1))
  return natureOf(said)
}

/** Returns the host prefix with its labels filled from the request. */
function hostPrefixOf({ hostPrefix, service }: Operation, parts: RequestParts): string {
  if (service.model === 'cloudfront-keyvaluestore') return accountOf(parts.labels.get('KvsARN') ?? '')
  if (!hostPrefix.includes('{')) return hostPrefix
  return hostPrefix.replace(/\{([uqhb]):([^}]+)\}/g, (_, from: 'u' | 'q' | 'h' | 'b', rest: string) => {
    const values = valuesAt(parts, { from, steps: from === 'b' ? rest.split('.') : [rest] })
    const value = values.length === 1 && typeof values[0] === 'string' ? values[0] : ''
    if (!LABEL.test(value))
      throw new Denial(
        'malformed_request',
        'A value that is part of the host name is not a valid host label.',
      )
    return value
  })
}

/**
 * Returns the host prefix of a key value store. Each account has a host of its own; it is not in the model, but a rule
 * of the endpoint rule set. For text that is no ARN, it returns a prefix that no host has.
 */
function accountOf(arn: string): string {
  const account = /^arn:aws:cloudfront::(\d{12}):key-value-store\//.exec(arn)?.[1] ?? ''
  return `${account}.`
}

/** Returns what passed roles and unknown members say: a role that is passed lets AWS act later. */
function givenAway(roles: readonly string[], unmodelled: readonly string[]): string[] {
  return [...(roles.length > 0 ? ['opaque'] : []), ...(unmodelled.length > 0 ? ['unmodelled'] : [])]
}

/** Returns the call of an identified request. Pure; throws only Denial `malformed_request`. */
export function classifyCall(
  operation: Operation,
  protocol: Protocol,
  parts: RequestParts,
  place: ArnPlace,
  form?: Form,
): Call {
  const statements = statementsOf(operation, parts, place)
  const roles = passedRoles(operation, parts, place)
  const unmodelled = unmodelledOf(operation, parts, form)
  const contents = contentsSay(operation, parts, place)
  const nature = saidOf(operation, parts, place, [
    ...givenAway(roles, unmodelled),
    ...(statements?.traits ?? []),
    ...itemUpdatesSay(operation, parts),
    ...contents.said,
  ])
  const actions = statements?.actions ?? operation.actions
  const resources = statements?.resources ?? resourcesOf(operation, parts, place)
  const found = statements?.classes ?? nature.classes
  const classes: readonly ActionClass[] = found.length === 0 ? ['write'] : found
  return {
    service: operation.service.prefix,
    model: operation.service.model,
    operation: operation.name,
    protocol,
    actions: roles.length === 0 ? actions : [...actions, PASS_ROLE],
    resources: roles.length === 0 ? resources : [...new Set([...resources, ...roles])],
    count: Math.max(countOf(operation, parts), contents.count),
    class: severest(classes),
    classes,
    traits: nature.traits,
    unmodelled,
    facts: callFacts(operation, parts),
    accessLevel: operation.level,
    // It is asked for only if people must approve the call.
    reads: changesState(classes) ? () => readsOf(operation, parts, place, resources) : undefined,
    hostPrefix: hostPrefixOf(operation, parts),
    bucket: operation.service.model === 's3' ? parts.labels.get('Bucket') : undefined,
  }
}

/** Returns the call for a request that the catalogue does not know; policy refuses its class. */
export function unknownCall(protocol: Protocol): Call {
  return {
    service: 'unknown',
    model: 'unknown',
    operation: null,
    protocol,
    actions: [],
    resources: ['*'],
    count: 1,
    class: 'unknown',
    classes: ['unknown'],
    traits: [],
    unmodelled: [],
    facts: {},
    accessLevel: 'Unknown',
    hostPrefix: '',
    bucket: undefined,
  }
}
