/** Turns private services, as operators describe them, into services like the catalogue's. */
import { type AccessLevel, type ActionClass, natureOf, type Trait } from '../../core/action-class.ts'
import type { Catalogue, Operation, ResourceEntry, Service } from '../catalogue/types.ts'
import { labelsOf } from './paths.ts'

export const EXECUTE_API = 'execute-api'

/** A PrivateService is one entry of `catalogue.services`. */
export interface PrivateService {
  readonly name: string
  readonly signingName: string
  readonly region: string
  /** Host names in lower case; without an origin, requests go to the first. */
  readonly hosts: readonly string[]
  readonly origin?: string | undefined
  /** `API/STAGE` of API Gateway, as ARNs have it. */
  readonly api?: string | undefined
  /** The prefix of the operations' paths: the stage, or the mapping of a custom domain; `/` for none. */
  readonly basePath?: string | undefined
  readonly operations: readonly PrivateOperation[]
}

export interface PrivateOperation {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly classes: readonly ActionClass[]
  readonly traits?: readonly Trait[] | undefined
  readonly query: readonly string[]
  readonly action?: string | undefined
  readonly resources?: readonly string[] | undefined
}

const LEVELS: Readonly<Partial<Record<ActionClass, AccessLevel>>> = {
  read: 'Read',
  list: 'List',
  tagging: 'Tagging',
  permissions: 'Permissions management',
}

function levelOf(classes: readonly ActionClass[]): AccessLevel {
  return (classes.length === 1 && LEVELS[classes[0] as ActionClass]) || 'Write'
}

/** Returns the traits; an operation that removes something is irreversible unless its operator says otherwise. */
function traitsOf({ classes, traits }: PrivateOperation): readonly (Trait | ActionClass)[] {
  if (traits !== undefined) return traits
  return classes.some((each) => each === 'destructive' || each === 'data-delete') ? ['irreversible'] : []
}

function actionOf({ signingName }: PrivateService, { name, path, action }: PrivateOperation): string {
  if (action !== undefined) return action
  if (signingName !== EXECUTE_API) return `${signingName}:${name}`
  return `${EXECUTE_API}:${path.startsWith('/@connections') ? 'ManageConnections' : 'Invoke'}`
}

/** Returns the ARN templates; for API Gateway the called path under the API and the stage (its guide, "IAM policy"). */
function templatesOf({ api }: PrivateService, { method, path, resources }: PrivateOperation) {
  if (resources !== undefined) return resources
  if (api === undefined) return []
  return [`arn:\${Partition}:${EXECUTE_API}:\${Region}:\${Account}:${api}/${method}${path}`]
}

function resourceEntry(text: string): ResourceEntry {
  const template = text.replaceAll(/(?<!\$)\{(\w+)\+?\}/g, '${$1}')
  return {
    template,
    pieces: template.split(/\$\{(\w+)\}/),
    // The spelling rules of AWS services do not apply; a value that is an ARN makes the resource unknown.
    arnService: '',
    kind: 'arn',
    required: true,
    variables: new Map(
      labelsOf(text.replaceAll(/\$\{\w+\}/g, '')).map((name) => [
        name,
        { at: [{ from: 'u', steps: [name] }], fallback: undefined, qualifier: undefined },
      ]),
    ),
    account: [],
    unless: undefined,
  }
}

function operationOf(service: Service, owner: PrivateService, given: PrivateOperation): Operation {
  return {
    service,
    name: given.name,
    http: `${given.method} ${given.path}`,
    olderHttp: [],
    requiredQuery: [],
    knownQuery: given.query,
    amzHeaders: [],
    requiredHeaders: [],
    hostPrefix: '',
    actions: [actionOf(owner, given)],
    level: levelOf(given.classes),
    ...natureOf(new Set([...given.classes, ...traitsOf(given)])),
    rules: [],
    contents: [],
    counts: [],
    resources: templatesOf(owner, given).map(resourceEntry),
    reads: [],
    passes: { roles: [], profiles: [] },
    facts: new Map(),
    tags: [],
    body: 'opaque',
    bodyShape: 0,
    unsignedBody: false,
    eventStream: false,
    newerThanIam: false,
  }
}

/** Returns the operations of a service by `METHOD path`. */
export function privateOperations(
  owner: PrivateService,
  catalogue: Catalogue,
): ReadonlyMap<string, Operation> {
  const byName = new Map<string, Operation>()
  const service: Service = {
    catalogue,
    model: owner.name,
    signingNames: [owner.signingName],
    endpointPrefix: '',
    version: '',
    protocols: ['rest-json'],
    target: undefined,
    prefix: owner.signingName,
    operationNames: owner.operations.map(({ name }) => name),
    shapes: [],
    operation: (name) => byName.get(name),
  }
  for (const each of owner.operations) byName.set(each.name, operationOf(service, owner, each))
  return new Map([...byName.values()].map((each) => [each.http, each]))
}
