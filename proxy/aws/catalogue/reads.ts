/**
 * Finds, from the models' member names, what a call has AWS read when it runs and another call can change: a task
 * definition by its family, a document, a launch template (rule S27). Every name that matches was judged by hand, in
 * reviews.json; one without a judgement stops the generator. Values that say themselves what they name (ARNs, URLs of S3,
 * `{{ssm:name}}`) need no judgement: `proxy/aws/resources/spellings.ts` reads them wherever they stand.
 */
import { lowered, placesOf } from './members.ts'
import { wireLocations } from './model.ts'
import { changes, type Reviewed } from './reviewed.ts'
import { words } from './words.ts'

/** Holds how the members that name something are judged. */
export interface ReadReviews {
  /** `leaf`, or `model.leaf` -> the kind of thing: the service and the start of the resource in its ARN. */
  readonly kinds: ReadonlyMap<string, string>
  /** `model.Operation` -> member paths with their kinds, for members whose name alone says too little. */
  readonly places: ReadonlyMap<string, readonly (readonly [path: string, kind: string])[]>
  /** Leaves that name nothing of the kind. */
  readonly others: ReadonlySet<string>
}

/** Holds the section `reads` of reviews.json. */
export interface ReadsFile {
  readonly kinds: Readonly<Record<string, string>>
  readonly operations: Readonly<Record<string, readonly string[]>>
  readonly others: Readonly<Record<string, string>>
}

/** Reads the section `reads` of reviews.json. */
export function readReviewsOf({ kinds, operations, others }: ReadsFile): ReadReviews {
  const places = new Map<string, (readonly [string, string])[]>()
  for (const [kind, keys] of Object.entries(operations))
    for (const key of keys) {
      const [operation = '', path = ''] = key.split(' ')
      places.set(operation, [...(places.get(operation) ?? []), [path, kind]])
    }
  const leaves = Object.entries(kinds).flatMap(([kind, names]) =>
    words(names).map((leaf) => [leaf, kind] as const),
  )
  return {
    kinds: new Map(leaves),
    places,
    others: new Set(Object.values(others).flatMap(words)),
  }
}

/** Matches names of members that may name something that runs, or that is read by what runs. */
const NAMES =
  /(task_?definition|job_?definition|launch_?template|document|run_?book|state_?machine|change_?set|function|lambda|(ssm|^)_?parameter|value_?from|workflow|pipeline|project|recipe|secret|layer|^job|^target_?pipeline)_?(name|id|identifier)?s?$/i

/** Returns the locations of such names, by kind; empty for an operation that changes nothing or only removes. */
export function readPlaces(
  { reads, unjudged }: { readonly reads: ReadReviews; readonly unjudged: Set<string> },
  reviewed: Reviewed,
): Readonly<Record<string, readonly string[]>> {
  if (!changes(reviewed)) return {}
  const { model, name, operation } = reviewed
  const found = new Map<string, string[]>()
  const add = (path: string, kind: string) => found.set(kind, [...(found.get(kind) ?? []), path])
  const wanted = (leaf: string) => NAMES.test(leaf)
  for (const { leaf, path, shape } of placesOf(model, model.operations[operation]?.input, wanted)) {
    const item = shape.type === 'list' ? model.shapes[shape.member?.shape ?? ''] : shape
    if (item?.type !== 'string' || item.enum !== undefined) continue
    const kind = reads.kinds.get(`${name}.${leaf}`) ?? reads.kinds.get(leaf)
    if (kind !== undefined) add(path, kind)
    else if (!reads.others.has(leaf) && !reads.others.has(`${name}.${lowered(leaf)}`))
      unjudged.add(`${name}.${operation}: ${leaf} (reads)`)
  }
  for (const [path, kind] of reads.places.get(`${name}.${operation}`) ?? []) add(path, kind)
  return Object.fromEntries(
    [...found].map(([kind, paths]) => [kind, wireLocations(model, operation, paths)] as const),
  )
}
