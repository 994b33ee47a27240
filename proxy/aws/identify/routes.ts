/** Builds the lookup tables of a signing name when it is first seen. */
import { operationsOf } from '../catalogue/catalogue.ts'
import type { Catalogue, Operation, Service } from '../catalogue/types.ts'
import { insert, newTrie, type OperationRoute, operationRouteOf, type Trie } from './trie.ts'

/** Holds the lookup tables of one signing name. */
export interface Routes {
  /** `TargetPrefix.Operation` -> operations. */
  readonly targets: ReadonlyMap<string, readonly Operation[]>
  /** `/service/Name/operation/Operation` -> operations. */
  readonly cbor: ReadonlyMap<string, readonly Operation[]>
  /** `Action Version` -> operations. */
  readonly forms: ReadonlyMap<string, readonly Operation[]>
  readonly rest: Trie | undefined
  /** S3 by depth of the path: service, bucket, object. */
  readonly s3:
    | readonly [readonly OperationRoute[], readonly OperationRoute[], readonly OperationRoute[]]
    | undefined
  readonly control: Trie | undefined
  readonly services: readonly Service[]
}

function add<K>(map: Map<K, Operation[]>, key: K, operation: Operation): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [operation])
  else known.push(operation)
}

function trieOf(services: readonly Service[]): Trie | undefined {
  const operations = services.flatMap(operationsOf)
  if (operations.length === 0) return undefined
  const trie = newTrie()
  for (const each of operations)
    for (const http of [each.http, ...each.olderHttp]) insert(trie, operationRouteOf(each, http))
  return trie
}

function s3Levels(service: Service): NonNullable<Routes['s3']> {
  const routes = operationsOf(service).map((each) => operationRouteOf(each))
  const depth = (count: number) => routes.filter((each) => each.labels.length === count)
  return [depth(0), depth(1), depth(2)]
}

/** Returns the target prefixes: SDKs from Smithy models send only the last part of a dotted one (such as CloudTrail's). */
function targetsOf({ target = '' }: Service): readonly string[] {
  return target.includes('.') ? [target, target.slice(target.lastIndexOf('.') + 1)] : [target]
}

function build(services: readonly Service[]): Routes {
  const targets = new Map<string, Operation[]>()
  const cbor = new Map<string, Operation[]>()
  const forms = new Map<string, Operation[]>()
  for (const service of services) {
    const has = (...names: string[]) => names.some((name) => service.protocols.includes(name))
    for (const name of service.operationNames) {
      const operation = service.operation(name)
      if (operation === undefined || operation.http !== '') break
      for (const each of targetsOf(service)) {
        if (has('json-1.0', 'json-1.1')) add(targets, `${each}.${name}`, operation)
        if (has('cbor')) add(cbor, `/service/${each}/operation/${name}`, operation)
      }
      if (has('query', 'ec2')) add(forms, `${name} ${service.version}`, operation)
    }
  }
  const rest = services.filter((each) => each.protocols[0]?.startsWith('rest-') === true)
  const s3 = services.find((each) => each.model === 's3')
  const control = rest.filter((each) => each.model === 's3control')
  const plain = rest.filter((each) => each.model !== 's3' && each.model !== 's3control')
  return {
    targets,
    cbor,
    forms,
    rest: trieOf(plain),
    s3: s3 && s3Levels(s3),
    control: trieOf(control),
    services,
  }
}

const built = new WeakMap<Catalogue, Map<string, Routes>>()

/** Returns the tables of a signing name; undefined if no service has it. */
export function routesOf(catalogue: Catalogue, signingName: string): Routes | undefined {
  let known = built.get(catalogue)
  if (known === undefined) built.set(catalogue, (known = new Map()))
  const routes = known.get(signingName)
  if (routes !== undefined) return routes
  const services = catalogue.signedBy(signingName)
  if (services.length === 0) return undefined
  const made = build(services)
  known.set(signingName, made)
  return made
}
