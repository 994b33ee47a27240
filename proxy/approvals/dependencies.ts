/** Finds what an approved call depends on: content that others can change between the approval and its use (S17, S27). */
import { restricts } from '../../policy/restricts.ts'
import { EVERYTHING } from '../aws/resources/spellings.ts'
import type { Call } from '../core/call.ts'

/** More would only fill the store: then any change ends the approval. */
const MAX_NAMES = 200

/**
 * Returns ARN patterns of what the call has AWS read when it runs, and for an opaque call also of what it acts on. Any
 * other call says itself what it does to its resources, and that stands in the digest.
 */
export function dependenciesOf({
  classes,
  resources,
  reads,
}: Pick<Call, 'classes' | 'resources' | 'reads'>): readonly string[] {
  const read = reads?.() ?? []
  if (!classes.includes('opaque')) return read
  const all = [...new Set([...read, ...resources])]
  return all.length <= MAX_NAMES ? all : [EVERYTHING, ...all.slice(0, MAX_NAMES - 1)]
}

/**
 * Tells whether a change may reach one of them, under whatever name (rule S25). A resource that is not known may be any of
 * its service; `service` is that of the approved call, which counts if nothing else that it depends on is known.
 */
export function touches(
  change: Pick<Call, 'service' | 'resources'>,
  names: readonly string[],
  service: string,
): boolean {
  const known = names.filter((name) => name !== '*')
  const services = new Set(known.length === names.length && known.length > 0 ? [] : [service])
  for (const name of known) services.add(name.split(':')[2] ?? '*')
  return change.resources.some((resource) => {
    if (resource === '*') return services.has(change.service) || services.has('*')
    if (known.length === 0) return services.has(change.service)
    return known.some((name) => areOne(name, resource))
  })
}

/** Tells whether both mean one thing, or one of them is within the other: an alias of a function, an object of a bucket. */
function areOne(name: string, changed: string): boolean {
  return (
    restricts(withInside(name), changed) ||
    restricts(OBJECT.test(changed) ? [changed] : withInside(changed), name)
  )
}

/** Matches an object of S3: it holds nothing. What a call reads may be a folder that is spelled as one. */
const OBJECT = /^arn:[^:]*:s3:::[^/]+\/./

function withInside(name: string): readonly string[] {
  return name.endsWith('/') ? [name, `${name}*`] : [name, `${name}:*`, `${name}/*`]
}
