/** Reads calls of Cloud Control API: the resource that is made, changed by a JSON patch, or deleted. */
import type { Document } from '../../protocols/tree.ts'
import { type ContainedResource, objectOf, type Reader, textIn, UNREADABLE } from './found.ts'
import { treeOf } from '../../protocols/text-document.ts'

/** Cloud Control accepts states and patches of this many characters. */
const MAX_STATE = 256 * 1024

function resource(
  type: Document,
  change: ContainedResource['change'],
  properties: Document,
): ContainedResource {
  return { kind: 'resource', type: textIn(type), change, properties, policies: [] }
}

/** Reads `CreateResource`: the type and all properties. */
export const desiredResource: Reader = (value) => {
  const { TypeName, DesiredState } = objectOf(value)
  const properties = treeOf(DesiredState, MAX_STATE)
  const found = resource(TypeName, 'create', properties)
  return properties === undefined && DesiredState !== undefined ? [found, UNREADABLE] : [found]
}

/** Reads `DeleteResource`, which does what the type's own API to delete does. */
export const goneResource: Reader = (value) => [resource(objectOf(value)['TypeName'], 'delete', undefined)]

/** Matches the place of an item in a list, which is no property. */
const INDEX = /^(-|\d+)$/

/** Returns the property at a path: `/Rules/0/Days` with 1 is `{ Rules: { Days: 1 } }`. */
function propertyAt(path: string, value: Document): Document {
  const names = path.split('/').slice(1)
  return names
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
    .filter((name) => !INDEX.test(name))
    .reduceRight<Document>((below, name) => ({ [name]: below }), value)
}

/** Reads `UpdateResource`: each operation of the patch changes or removes a property. */
export const patchedResource: Reader = (value) => {
  const { TypeName, PatchDocument } = objectOf(value)
  if (PatchDocument === undefined) return []
  const patch = treeOf(PatchDocument, MAX_STATE)
  if (!Array.isArray(patch)) return [resource(TypeName, 'update', undefined), UNREADABLE]
  return patch.map(objectOf).flatMap(({ op, path, value: given }: ReturnType<typeof objectOf>) => {
    if (op === 'test') return []
    if (op !== 'add' && op !== 'replace' && op !== 'remove')
      // To move or copy takes a value that is not in the call.
      return [resource(TypeName, 'update', undefined), UNREADABLE]
    return [resource(TypeName, 'update', propertyAt(textIn(path), op === 'remove' ? null : given))]
  })
}
