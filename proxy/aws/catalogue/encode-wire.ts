/** Encodes how requests of an operation look on the wire. */
import type { RawOperation } from './format.ts'
import { type OperationModel, type ServiceModel, type Shape, shapeOf, wireLocation } from './model.ts'
import type { ServiceScope } from './scope.ts'

export function isRest(model: ServiceModel): boolean {
  return model.metadata.protocol.startsWith('rest-')
}

function membersAt(input: Shape | undefined, location: string, requiredOnly: boolean): string[] {
  const found = Object.entries(input?.members ?? {}).filter(
    ([name, ref]) => ref.location === location && (!requiredOnly || input?.required?.includes(name) === true),
  )
  return found.map(([name, ref]) => ref.locationName ?? name).sort()
}

/** Returns what identifies a request of the operation on the wire, if its protocol is REST. */
export function routing(scope: ServiceScope, operation: OperationModel): Partial<RawOperation> {
  if (!isRest(scope.model)) return {}
  const input = shapeOf(scope.model, operation.input)
  return {
    h: `${operation.http.method} ${operation.http.requestUri}`,
    g: scope.overrides.older[`${scope.name}.${operation.name}`] ?? [],
    q: membersAt(input, 'querystring', true),
    H: membersAt(input, 'header', true).map((each) => each.toLowerCase()),
    Q: queryKeys(scope.model, operation, input),
  }
}

/** Returns every query key; `*` for a map in the query string, which takes any. */
function queryKeys(model: ServiceModel, { http }: OperationModel, input: Shape | undefined): string[] {
  const maps = Object.values(input?.members ?? {}).some(
    (ref) => ref.location === 'querystring' && shapeOf(model, ref)?.type === 'map',
  )
  const literals = [...new URLSearchParams(http.requestUri.split('?')[1] ?? '').keys()]
  return maps ? ['*'] : [...new Set([...literals, ...membersAt(input, 'querystring', false)])].sort()
}

/** Returns every `x-amz-` header; headers of a map share a prefix. */
export function amzHeaders(model: ServiceModel, operation: OperationModel): string[] {
  const input = shapeOf(model, operation.input)
  const single = membersAt(input, 'header', false)
  const maps = membersAt(input, 'headers', false).map((each) => `${each}*`)
  return [...single, ...maps].map((each) => each.toLowerCase()).filter((each) => each.startsWith('x-amz-'))
}

/** Tells how to read the body: as an event stream, a stream, opaque bytes, nothing, or a document. */
export function bodyUse({ model }: ServiceScope, operation: OperationModel): Partial<RawOperation> {
  const input = shapeOf(model, operation.input)
  const unsigned = operation.unsignedPayload === true || operation.authtype === 'v4-unsigned-body'
  const flags = unsigned ? { u: 1 as const } : {}
  const payload = input?.payload === undefined ? undefined : input.members?.[input.payload]
  const shape = shapeOf(model, payload)
  if (shape?.eventstream === true) return { ...flags, b: 's', e: 1 }
  if (payload?.streaming === true || shape?.streaming === true) return { ...flags, b: 's' }
  if (shape?.type === 'blob' || shape?.type === 'string') return { ...flags, b: 'o' }
  const inBody = Object.values(input?.members ?? {}).some((ref) => ref.location === undefined)
  return isRest(model) && !inBody ? { ...flags, b: 'n' } : flags
}

/** Returns the host prefix with its labels as locations: `{h:x-amz-account-id}.`. */
export function hostPrefix({ model }: ServiceScope, operation: OperationModel): Partial<RawOperation> {
  const template = operation.endpoint?.hostPrefix
  if (template === undefined) return {}
  const located = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const location = wireLocation(model, operation.name, name)
    if (location === undefined) throw new Error(`${operation.name}: no member fills host label ${name}`)
    return `{${location}}`
  })
  return { P: located }
}
