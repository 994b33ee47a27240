/** Defines the parts of a botocore service model that the generator reads, and finds how a member is written on the wire. */

export interface MemberRef {
  readonly shape: string
  readonly location?: 'uri' | 'querystring' | 'header' | 'headers' | 'statusCode'
  readonly locationName?: string
  readonly queryName?: string
  readonly flattened?: boolean
  readonly streaming?: boolean
  readonly sensitive?: boolean
  /** HTML; read only for what it says of the case of names. */
  readonly documentation?: string
}

export interface Shape {
  readonly type: string
  readonly members?: Readonly<Record<string, MemberRef>>
  readonly required?: readonly string[]
  readonly member?: MemberRef
  readonly key?: MemberRef
  readonly value?: MemberRef
  readonly payload?: string
  readonly locationName?: string
  readonly flattened?: boolean
  readonly streaming?: boolean
  readonly eventstream?: boolean
  readonly sensitive?: boolean
  readonly enum?: readonly string[]
  /** Any JSON. */
  readonly document?: boolean
}

export interface OperationModel {
  /** The name; CloudFront's end in the version, but their keys do not. */
  readonly name: string
  readonly http: { readonly method: string; readonly requestUri: string }
  readonly input?: { readonly shape: string }
  readonly output?: { readonly shape: string }
  readonly endpoint?: { readonly hostPrefix?: string }
  readonly authtype?: string
  readonly unsignedPayload?: boolean
  /** HTML; read only for the IAM actions that it names. */
  readonly documentation?: string
}

export interface ServiceModel {
  readonly metadata: {
    readonly apiVersion: string
    readonly endpointPrefix: string
    readonly signingName?: string
    readonly protocol: string
    readonly protocols?: readonly string[]
    readonly jsonVersion?: string
    readonly targetPrefix?: string
    readonly serviceId: string
  }
  readonly operations: Readonly<Record<string, OperationModel>>
  readonly shapes: Readonly<Record<string, Shape>>
}

export function shapeOf(model: ServiceModel, ref: { readonly shape: string } | undefined): Shape | undefined {
  return ref === undefined ? undefined : model.shapes[ref.shape]
}

const LOCATIONS = { uri: 'u', querystring: 'q', header: 'h' } as const

/** Returns the wire location of a top-level member outside the body; undefined for body members. */
export function headLocation(name: string, ref: MemberRef): string | undefined {
  if (ref.location === undefined || ref.location === 'headers' || ref.location === 'statusCode')
    return undefined
  const wire = ref.locationName ?? name
  return `${LOCATIONS[ref.location]}:${ref.location === 'header' ? wire.toLowerCase() : wire}`
}

/** Returns the name of a member as its protocol writes it in the body. */
export function wireName(model: ServiceModel, name: string, ref: MemberRef): string {
  const wire = ref.locationName ?? name
  if (model.metadata.protocol !== 'ec2') return wire
  return ref.queryName ?? wire.charAt(0).toUpperCase() + wire.slice(1)
}

/**
 * Returns the steps from a list's name to its items. A flattened query list may be renamed by its member; `member` of a
 * query list is left out because the form parser drops it (see proxy/aws/protocols/form.ts).
 */
export function listSteps(model: ServiceModel, name: string, ref: MemberRef, list: Shape): string[] {
  const { protocol } = model.metadata
  const flat = ref.flattened === true || list.flattened === true
  const item = list.member?.locationName
  if (protocol === 'query') {
    if (flat) return [item ?? name]
    return item === undefined || item === 'member' ? [name] : [name, item]
  }
  if (protocol === 'rest-xml' && !flat) return [name, item ?? 'member']
  return [name]
}

/** Returns the shape inside nested lists and maps; adds a step `*` for each map. */
function inside(model: ServiceModel, shape: Shape | undefined, steps: string[]): Shape | undefined {
  if (shape?.type !== 'list' && shape?.type !== 'map') return shape
  if (shape.type === 'map') steps.push('*')
  return inside(model, shapeOf(model, shape.type === 'map' ? shape.value : shape.member), steps)
}

/** Returns the steps of the path below the input; undefined if the model has no such member. */
function bodySteps(model: ServiceModel, input: Shape | undefined, path: string): string[] | undefined {
  const steps: string[] = []
  let shape = input
  for (const segment of path.split('.')) {
    const name = segment.replace(/(\[\]|\{\}|@)+$/, '')
    const ref = shape?.members?.[name]
    if (ref === undefined) {
      if (steps.at(-1) !== '*' || shape?.members !== undefined) return undefined
      steps[steps.length - 1] = name
      continue
    }
    const wire = wireName(model, name, ref)
    const isPayload = shape === input && input?.payload === name
    const into = shapeOf(model, ref)
    if (into?.type === 'list') steps.push(...listSteps(model, wire, ref, into))
    else if (!isPayload) steps.push(wire)
    if (segment.endsWith('@')) return into?.type === 'map' ? [...steps, '@'] : undefined
    shape = inside(model, into, steps)
  }
  return steps
}

/**
 * Returns the wire location of a member path such as `Delete.Objects[].Key`, `RequestItems{}[].DeleteRequest` or
 * `RequestItems@` (the map's keys); undefined if the model has no such member.
 */
export function wireLocation(model: ServiceModel, operation: string, path: string): string | undefined {
  const input = shapeOf(model, model.operations[operation]?.input)
  const first = path.replace(/[^\w-].*$/, '')
  const ref = input?.members?.[first]
  const head = ref === undefined ? undefined : headLocation(first, ref)
  if (head !== undefined) return head
  const steps = bodySteps(model, input, path)
  return steps === undefined ? undefined : `b:${steps.join('.')}`
}

/** Returns the wire locations of these member paths, each once, sorted; a path without one is left out. */
export function wireLocations(model: ServiceModel, operation: string, paths: Iterable<string>): string[] {
  const found = new Set<string>()
  for (const path of paths) {
    const location = wireLocation(model, operation, path)
    if (location !== undefined) found.add(location)
  }
  return [...found].sort()
}

export interface TopMember {
  readonly name: string
  readonly shapeName: string
  readonly required: boolean
  readonly location: string
}

/** Returns the input's top-level members that hold a string or a list of strings, with their wire locations. */
export function stringMembers(model: ServiceModel, operation: string): TopMember[] {
  const input = shapeOf(model, model.operations[operation]?.input)
  const found: TopMember[] = []
  for (const [name, ref] of Object.entries(input?.members ?? {})) {
    const shape = shapeOf(model, ref)
    const item = shape?.type === 'list' ? shapeOf(model, shape.member) : shape
    if (item?.type !== 'string') continue
    const location = wireLocation(model, operation, name)
    if (location === undefined) continue
    const required = input?.required?.includes(name) === true
    found.push({ name, shapeName: ref.shape, required, location })
  }
  return found
}
