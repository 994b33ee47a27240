/** Finds where an operation names tags: lists of keys, lists of pairs, maps (rule S16: in every API that can tag). */
import { type MemberPlace, placesOf } from './members.ts'
import { type ServiceModel, wireLocations } from './model.ts'

const TAGS =
  /^((new|add|remove|resource|delete|update)?tags?(to(add|remove|update|delete))?|tagset|taglist|tagkeys?|tagkeylist|tagmap|tagging|tagspecifications?|resourcetags|tagsmodel)$/i
const KEY = /^(tag)?(key|name)$/i

/** Returns the paths of the keys of tags, which are a map, a list of keys or a list of pairs. */
function keyPaths(model: ServiceModel, { path, shape }: MemberPlace): string[] {
  if (shape.type === 'map') return [`${path}@`]
  const item = shape.type === 'list' ? model.shapes[shape.member?.shape ?? ''] : shape
  if (item?.type === 'string') return [path]
  const keys = Object.keys(item?.members ?? {}).filter((name) => KEY.test(name))
  return keys.map((name) => `${path}.${name}`)
}

/** Returns every place of the input that holds tag keys. */
export function tagLocations(model: ServiceModel, operation: string): string[] {
  const places = [...placesOf(model, model.operations[operation]?.input, (leaf) => TAGS.test(leaf))]
  return wireLocations(
    model,
    operation,
    places.flatMap((each) => keyPaths(model, each)),
  )
}
