/** Walks the members of an input or an output, at every depth. */
import { type ServiceModel, type Shape, shapeOf } from './model.ts'

export interface Member {
  /** The last name of the path, with its first letter in lower case: models spell the same thing in two ways. */
  readonly leaf: string
  readonly shape: Shape
}

export interface SensitiveMember extends Member {
  /** True if the model marks it as sensitive. */
  readonly sensitive: boolean
}

export interface MemberPlace extends Member {
  /** Names from the top, joined by dots; lists and maps are entered without a step. */
  readonly path: string
}

type Ref = { readonly shape: string } | undefined

/** Returns the names of the shapes that a shape refers to. */
function leadsTo(shape: Shape | undefined): string[] {
  const items = [shape?.member, shape?.value].flatMap((each) => (each === undefined ? [] : [each.shape]))
  return [...items, ...Object.values(shape?.members ?? {}).map((each) => each.shape)]
}

/** Returns the shapes below `ref` that contain a wanted member at any depth. */
function holding(model: ServiceModel, ref: Ref, wanted: (leaf: string) => boolean): Set<string> {
  const above = new Map<string, string[]>()
  const open = ref === undefined ? [] : [ref.shape]
  const found = new Set<string>()
  const seen = new Set(open)
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const shape = model.shapes[name]
    if (Object.keys(shape?.members ?? {}).some((key) => wanted(lowered(key)))) found.add(name)
    for (const into of leadsTo(shape)) {
      above.set(into, [...(above.get(into) ?? []), name])
      if (!seen.has(into)) open.push(into)
      seen.add(into)
    }
  }
  // A set is walked in order of insertion, including what is added during the walk.
  for (const name of found) for (const each of above.get(name) ?? []) found.add(each)
  return found
}

/** Returns a name with its first letter in lower case. */
export function lowered(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

/** Says what a walk leaves out: shapes by their name, and members by their path, with all that is below them. */
interface Bounds {
  readonly isEntered: (shape: string) => boolean
  readonly isSkipped: (path: string) => boolean
}

/** Yields every place below `ref` within the bounds: the same shape in two places gives two. */
function* placesWithin(
  model: ServiceModel,
  ref: Ref,
  bounds: Bounds,
  path = '',
  within: readonly string[] = [],
): Generator<MemberPlace> {
  if (ref === undefined || !bounds.isEntered(ref.shape) || within.includes(ref.shape)) return
  const shape = model.shapes[ref.shape]
  const inside = [...within, ref.shape]
  for (const item of [shape?.member, shape?.value]) yield* placesWithin(model, item, bounds, path, inside)
  for (const [key, member] of Object.entries(shape?.members ?? {})) {
    const into = shapeOf(model, member)
    const at = `${path}${key}`
    if (into === undefined || bounds.isSkipped(at)) continue
    yield { leaf: lowered(key), path: at, shape: into }
    yield* placesWithin(model, member, bounds, `${at}.`, inside)
  }
}

/** Yields every place below `ref` of a wanted member. */
export function* placesOf(
  model: ServiceModel,
  ref: Ref,
  wanted: (leaf: string) => boolean,
): Generator<MemberPlace> {
  const held = holding(model, ref, wanted)
  const bounds = { isEntered: (shape: string) => held.has(shape), isSkipped: () => false }
  for (const place of placesWithin(model, ref, bounds)) if (wanted(place.leaf)) yield place
}

/** Yields every place below `ref`, but for what is skipped and what is below it. */
export function everyPlace(
  model: ServiceModel,
  ref: Ref,
  isSkipped: (path: string) => boolean,
): Generator<MemberPlace> {
  return placesWithin(model, ref, { isEntered: () => true, isSkipped })
}

/** Yields every member below `ref`; it enters each shape once. */
export function* membersOf(model: ServiceModel, ref: Ref): Generator<SensitiveMember> {
  const open = ref === undefined ? [] : [ref.shape]
  const seen = new Set(open)
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const shape = model.shapes[name]
    for (const [key, member] of Object.entries(shape?.members ?? {})) {
      const into = shapeOf(model, member)
      if (into === undefined) continue
      yield {
        leaf: lowered(key),
        shape: into,
        sensitive: member.sensitive === true || into.sensitive === true,
      }
    }
    for (const into of leadsTo(shape)) {
      if (!seen.has(into)) open.push(into)
      seen.add(into)
    }
  }
}
