/** Finds the values of many places of a body in one walk. */
import type { Locator } from '../catalogue/types.ts'
import type { Document } from '../protocols/tree.ts'

/** A tree of steps in lower case. */
export interface Places {
  readonly next: Map<string, Places>
  /** The place that ends here, as its steps joined by dots, in lower case. */
  place: string | undefined
  /** The place of the keys of a map that ends here. */
  keys: string | undefined
}

/** Place -> the values that a body has there. An emptied list counts as a value; a list with items counts as its items. */
export type PlaceValues = Map<string, Document[]>

function nowhere(): Places {
  return { next: new Map(), place: undefined, keys: undefined }
}

/** Makes the tree of places in the body. */
export function placesIn(locators: readonly Pick<Locator, 'steps'>[]): Places {
  const root = nowhere()
  for (const { steps } of locators) {
    const place = steps.join('.').toLowerCase()
    let node = root
    for (const step of steps) {
      if (step === '@') break
      const name = step.toLowerCase()
      const into = node.next.get(name) ?? nowhere()
      node.next.set(name, into)
      node = into
    }
    if (steps.at(-1) === '@') node.keys = place
    else node.place = place
  }
  return root
}

function note(found: PlaceValues, place: string, value: Document): void {
  const values = found.get(place)
  if (values === undefined) found.set(place, [value])
  else values.push(value)
}

/**
 * Walks the body along the tree. It matches member names in any case: a service that is lenient about case must not see
 * a parameter that we missed. Lists are entered without a step.
 */
export function lookUp(places: Places, node: Document, found: PlaceValues): void {
  if (Array.isArray(node)) {
    const items = node as readonly Document[]
    if (items.length === 0 && places.place !== undefined) note(found, places.place, items)
    for (const each of items) lookUp(places, each, found)
    return
  }
  if (node === undefined) return
  if (places.place !== undefined) note(found, places.place, node)
  if (typeof node !== 'object' || node === null || ArrayBuffer.isView(node)) return
  const object = node as Readonly<Record<string, Document>>
  if (places.keys !== undefined) for (const key of Object.keys(object)) note(found, places.keys, key)
  if (places.next.size === 0) return
  const every = places.next.get('*')
  for (const key in object) {
    const into = places.next.get(key.toLowerCase())
    if (into !== undefined) lookUp(into, object[key], found)
    if (every !== undefined && every !== into) lookUp(every, object[key], found)
  }
}
