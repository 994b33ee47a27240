/** Where an operation names tags: lists of keys, lists of pairs, maps (rule S16: through every API that can tag). */
import { placesOf } from './members.ts'
import { wireLocation } from './model.ts'
import type { ServiceModel } from './model.ts'

const TAGS =
  /^((new|add|remove|resource|delete|update)?tags?(to(add|remove|update|delete))?|tagset|taglist|tagkeys?|tagkeylist|tagmap|tagging|tagspecifications?|resourcetags|tagsmodel)$/i
const KEY = /^(tag)?(key|name)$/i

/** Every place of the input that holds tag keys. */
export function tagLocations(model: ServiceModel, operation: string): string[] {
  const found = new Set<string>()
  const add = (path: string): void => {
    const location = wireLocation(model, operation, path)
    if (location !== undefined) found.add(location)
  }
  for (const { path, shape } of placesOf(model, model.operations[operation]?.input, (leaf) =>
    TAGS.test(leaf),
  )) {
    const item = shape.type === 'list' ? model.shapes[shape.member?.shape ?? ''] : shape
    if (shape.type === 'map') add(`${path}@`)
    else if (item?.type === 'string') add(path)
    else for (const name of Object.keys(item?.members ?? {})) if (KEY.test(name)) add(`${path}.${name}`)
  }
  return [...found].sort()
}
