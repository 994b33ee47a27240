/** Walks the members of an input or an output, at every depth. */
import { shapeOf } from './model.ts'
import type { ServiceModel, Shape } from './model.ts'

export interface Member {
  /** The last name of the path, its first letter lower: models spell the same thing in two ways. */
  readonly leaf: string
  /** Names from the top, joined by dots; lists and maps are entered without a step. */
  readonly path: string
  /** 0 for a member of the input or output itself. */
  readonly depth: number
  readonly shape: Shape
  readonly sensitive: boolean
}

type Ref = { readonly shape: string } | undefined

/** Names that a shape leads to in one step. */
function leadsTo(shape: Shape | undefined): string[] {
  const items = [shape?.member, shape?.value].flatMap((each) => (each === undefined ? [] : [each.shape]))
  return [...items, ...Object.values(shape?.members ?? {}).map((each) => each.shape)]
}

/** The shapes below `ref` under which some member is wanted. */
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
  // Sets are walked in order of insertion, what is added meanwhile too.
  for (const name of found) for (const each of above.get(name) ?? []) found.add(each)
  return found
}

function lowered(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

/** Every place below `ref` where a wanted member stands: the same shape in two places gives two. */
export function* placesOf(
  model: ServiceModel,
  ref: Ref,
  wanted: (leaf: string) => boolean,
  path = '',
  within: readonly string[] = [],
  held = holding(model, ref, wanted),
): Generator<Member> {
  if (ref === undefined || !held.has(ref.shape) || within.includes(ref.shape)) return
  const shape = model.shapes[ref.shape]
  const inside = [...within, ref.shape]
  for (const item of [shape?.member, shape?.value]) yield* placesOf(model, item, wanted, path, inside, held)
  for (const [key, member] of Object.entries(shape?.members ?? {})) {
    const leaf = lowered(key)
    const into = shapeOf(model, member)
    const at = `${path}${key}`
    if (into !== undefined && wanted(leaf))
      yield { leaf, path: at, depth: within.length, shape: into, sensitive: false }
    yield* placesOf(model, member, wanted, `${at}.`, inside, held)
  }
}

/** Every member below `ref`, each shape entered once. */
export function* membersOf(model: ServiceModel, ref: Ref): Generator<Member> {
  const seen = new Set<string>()
  const open = ref === undefined ? [] : [{ name: ref.shape, path: '', depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { name, path, depth } = next
    if (seen.has(name)) continue
    seen.add(name)
    const shape = model.shapes[name]
    for (const [key, member] of Object.entries(shape?.members ?? {})) {
      const into = shapeOf(model, member)
      if (into === undefined) continue
      const leaf = lowered(key)
      const sensitive = member.sensitive === true || into.sensitive === true
      yield { leaf, path: path + key, depth, shape: into, sensitive }
      open.push({ name: member.shape, path: `${path}${key}.`, depth: depth + 1 })
    }
    for (const item of [shape?.member, shape?.value])
      if (item !== undefined) open.push({ name: item.shape, path, depth })
  }
}
