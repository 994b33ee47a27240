/**
 * Finds the lists of an operation whose items are the things that the call acts on: five hundred rule ids are five
 * hundred things (rule S26). Lists that only describe one thing (subnets of a new cluster) do not count. Whether a list
 * counts is derived from the verb, the name and the model. A required list of identifiers that does not count needs a
 * judgement in lists.json; without one, the generator stops.
 */
import { readFileSync } from 'node:fs'
import type { LevelLetter } from './format.ts'
import { lowered, placesOf } from './members.ts'
import { type ServiceModel, type Shape, shapeOf, wireLocations } from './model.ts'
import { words } from './words.ts'

/** Holds the content of lists.json: member names by the reason for which they do not count, and single operations. */
interface File {
  readonly properties: Readonly<Record<string, string>>
  readonly operations: Readonly<Record<string, readonly string[]>>
}

export interface ListReviews {
  readonly properties: ReadonlySet<string>
  /** `service.Operation` of operations whose lists do not count, whatever their names. */
  readonly operations: ReadonlySet<string>
}

/** Reads lists.json. */
export function readLists(): ListReviews {
  const { properties, operations } = JSON.parse(
    readFileSync(new URL('lists.json', import.meta.url), 'utf8'),
  ) as File
  return {
    properties: new Set(Object.values(properties).flatMap(words)),
    operations: new Set(Object.values(operations).flat()),
  }
}

/** Matches operations on many things at once. */
const BATCH = /^(Batch|Bulk|TransactWrite)/
/** Matches operations that remove or stop something: whatever list they take, its items are what goes. */
const REMOVING =
  /^(Admin|Global)?(Delete|Terminate|Purge|Dispose|Release|Unregister|Remove|Deregister|Detach|Disassociate|Dissociate|Revoke|Unassign|Unlink|Unsubscribe|Cancel|Stop|Reboot|Restart|Suspend|Pause|Reset|Disable|Deactivate|Reject|Decline|Archive|Withdraw|Shrink|Evict|Untag|Exit)(?![a-z])/
/** Matches operations that make or define one thing from what they are given. */
const MAKING =
  /^(Create|Run|Launch|Restore|Import|Request|Purchase|Put|Update|Define|Publish|Provision|Generate|Export|Invoke|Test|Validate|Submit|Register(TaskDefinition|JobDefinition|Image|Type|WorkflowType|ActivityType)|Upload|Search|Query|Preview|Estimate)/
/** Matches members of any operation that name what it removes. */
const GOING =
  /^(remove|delete|terminate|revoke|detach|disassociate|deregister)(?!d|ion|protection|on)[A-Z]\w*|To(BeRemoved|BeDeleted|Remove|Delete|Terminate|Detach|Revoke|Disassociate|Deregister|Unlink)$/
const IDENTIFIERS =
  /(ids?|arns?|names|identifiers|urls|handles|aliases|resources|resourceArnList|idList|nameList|arnList|instances|numbers|jobs|users|accounts|members|tasks|documents|objects|keys|paths)$/i
/** Matches tags, which have a count of their own. */
const TAG = /tag/i

/** Tells whether an operation may change something. */
function changes(level: LevelLetter): boolean {
  return level !== 'R' && level !== 'L'
}

interface ListMember {
  readonly name: string
  readonly leaf: string
  readonly required: boolean
  /** The items are texts without a closed set of values. */
  readonly texts: boolean
  readonly structures: boolean
}

function listsOf(model: ServiceModel, input: Shape | undefined): ListMember[] {
  return Object.entries(input?.members ?? {}).flatMap(([name, ref]) => {
    const shape = shapeOf(model, ref)
    if (shape?.type !== 'list') return []
    const item = shapeOf(model, shape.member)
    return [
      {
        name,
        leaf: lowered(name),
        required: input?.required?.includes(name) === true,
        texts: item?.type === 'string' && item.enum === undefined,
        structures: item?.type === 'structure' || item?.type === 'map',
      },
    ]
  })
}

function isActedOn(operation: string, level: LevelLetter, list: ListMember): boolean {
  const { leaf, required, texts, structures } = list
  const named = texts && IDENTIFIERS.test(leaf)
  if (TAG.test(leaf)) return false
  if (level === 'T') return named
  if (BATCH.test(operation) && (texts || structures)) return true
  if (REMOVING.test(operation)) return named || (required && (texts || structures)) || structures
  if (MAKING.test(operation)) return false
  return (named && required) || (structures && required) || (named && /^instance/i.test(leaf))
}

/**
 * Returns the locations of the lists that count. Adds to `unjudged` a required list of identifiers that nobody judged;
 * `byHand` says that overrides.json has counts for the operation.
 */
export function countedLists(
  model: ServiceModel,
  key: string,
  level: LevelLetter,
  reviews: ListReviews,
  unjudged: Set<string>,
  byHand: boolean,
): string[] {
  if (!changes(level) || reviews.operations.has(key)) return []
  const operation = key.slice(key.indexOf('.') + 1)
  const ref = model.operations[operation]?.input
  const paths = new Set<string>()
  for (const list of listsOf(model, shapeOf(model, ref))) {
    const { leaf, required, texts } = list
    const goes = REMOVING.test(operation) && texts && IDENTIFIERS.test(leaf)
    if (reviews.properties.has(leaf) && !goes) continue
    if (isActedOn(operation, level, list)) paths.add(list.name)
    else if (!byHand && required && texts && IDENTIFIERS.test(leaf) && !TAG.test(leaf))
      unjudged.add(`${key}: the list ${leaf}`)
  }
  for (const { path, leaf, shape } of placesOf(model, ref, (name) => GOING.test(name)))
    if (shape.type === 'list' && !TAG.test(leaf)) paths.add(path)
  return wireLocations(model, operation, paths)
}
