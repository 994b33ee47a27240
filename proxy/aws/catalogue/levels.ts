/** Derives the IAM actions, access level and action classes of an operation, at generation time. */
import { TRAITS } from '../../core/action-class.ts'
import type { LevelLetter } from './format.ts'
import type { Overrides } from './overrides.ts'
import type { IamAction, IamService } from './sources.ts'

/** Holds the IAM actions and the access level of an operation. */
export interface OperationAuthorization {
  /** `prefix:Action`. */
  readonly actions: readonly string[]
  /** The IAM data of those actions that the sources know. */
  readonly known: readonly { readonly prefix: string; readonly action: IamAction }[]
  readonly level: LevelLetter
  /** Name and level are guessed from the operation's name. */
  readonly inferred: boolean
}

const READ_VERB = /^(?:Batch)?(?:Get|Describe|Head|Lookup|Search|BatchGet)(?=[A-Z])/
const LIST_VERB = /^List(?=[A-Z])/
const TAG_VERB = /^(?:Un)?[Tt]ag(?:Resource|s)|^(?:Add|Remove|Create|Delete)Tags(?:To|From|For|On|$)/
const RANK: Readonly<Record<LevelLetter, number>> = { R: 0, L: 1, T: 2, W: 3, P: 4, U: 5 }

/** Returns the stricter level of the sources: permissions management from either wins, then tagging, then write. */
function letterOf(levels: readonly string[]): LevelLetter {
  if (levels.includes('Permissions management')) return 'P'
  if (levels.includes('Tagging')) return 'T'
  if (levels.includes('Write')) return 'W'
  return levels[0] === 'List' ? 'L' : 'R'
}

function inferredLevel(operation: string): LevelLetter {
  if (TAG_VERB.test(operation)) return 'T'
  if (READ_VERB.test(operation)) return 'R'
  return LIST_VERB.test(operation) ? 'L' : 'W'
}

function letterNamed(name: string): LevelLetter {
  return letterOf([name])
}

/** Returns action names without a prefix, by name, then by documentation link; undefined if neither source has any. */
function actionNames(service: IamService | undefined, operation: string): readonly string[] | undefined {
  const lower = operation.toLowerCase()
  const direct = service?.actions.get(lower)
  return direct === undefined ? service?.links.get(lower) : [direct.name]
}

/** Returns the IAM actions of an operation and the strictest of their access levels. */
export function authorize(
  iam: ReadonlyMap<string, IamService>,
  overrides: Overrides,
  target: {
    readonly model: string
    readonly prefix: string
    readonly operation: string
    readonly method: string
    readonly documentation: string
  },
): OperationAuthorization {
  const { model, prefix, operation, method, documentation } = target
  const key = `${model}.${operation}`
  const names = overrides.actionVerbServices.includes(model)
    ? [method]
    : actionNames(iam.get(prefix), operation)
  const actions = overrides.actions[key] ?? names?.map((name) => `${prefix}:${name}`)
  if (actions === undefined) {
    const action = `${prefix}:${operation}`
    // If IAM's data lacks the action, the operation's documentation may have it: "you must have the ... permission".
    const said = documentation.split(/[^\w:-]+/).includes(action)
    return { actions: [action], known: [], level: inferredLevel(operation), inferred: !said }
  }
  const known = actions.flatMap((each) => {
    const [at = '', name = ''] = each.split(':')
    const action = iam.get(at)?.actions.get(name.toLowerCase())
    return action === undefined ? [] : [{ prefix: at, action }]
  })
  const letters = known.map((each) => letterOf(each.action.levels))
  const strictest = letters.sort((a, b) => RANK[b] - RANK[a])[0]
  const fixed = overrides.levels[key]
  const byName = TAG_VERB.test(operation) && strictest === 'W' ? 'T' : (strictest ?? inferredLevel(operation))
  return { actions, known, level: fixed === undefined ? byName : letterNamed(fixed), inferred: false }
}

const BY_LEVEL: Readonly<Record<LevelLetter, string>> = {
  R: 'read',
  L: 'list',
  T: 'tagging',
  W: 'write',
  P: 'permissions',
  U: 'unknown',
}

/**
 * Returns the classes of an operation before any rule on its parameters. `derived` are those that its model shows. Most
 * operations have `[BY_LEVEL[level]]`.
 */
export function classesOf(
  overrides: Overrides,
  key: string,
  level: LevelLetter,
  derived: readonly string[],
): string[] {
  const { exact } = overrides.classes
  const classes = new Set(exact[key] ?? byVerb(overrides, key, level))
  const added = [
    ...(overrides.add[key] ?? []),
    ...(overrides.credentials.includes(key) ? ['credentials'] : []),
    ...derived,
  ]
  if (added.length > 0) for (const mild of ['read', 'list', 'write', 'tagging']) classes.delete(mild)
  for (const each of added) classes.add(each)
  return [...classes].sort()
}

/** Returns the verb of the list with which an operation's name starts, after a prefix such as `Batch`. */
export function verbOf({ classes }: Overrides, verbs: string, operation: string): string | undefined {
  if (new RegExp(classes.excluded).test(operation)) return undefined
  return new RegExp(`${classes.prefix}${verbs}(?![a-z])`).exec(operation)?.[1]
}

function byVerb(overrides: Overrides, key: string, level: LevelLetter): string[] {
  if (level === 'R' || level === 'L' || level === 'T') return [BY_LEVEL[level]]
  const { classes } = overrides
  const operation = key.slice(key.indexOf('.') + 1)
  const starts = (verbs: string) => verbOf(overrides, verbs, operation) !== undefined
  const permissions = level === 'P' ? ['permissions'] : []
  const plain = [BY_LEVEL[level]]
  const removes = starts(classes.destructive)
  if (!removes && !starts(classes.detach) && !starts(classes.disruptive)) return plain
  const guard =
    !classes.notGuards.includes(key) &&
    (classes.guards.includes(key) || new RegExp(classes.guardNouns).test(operation))
  if (guard) return [...(removes ? ['destructive'] : []), 'protection', ...permissions]
  return [removes || starts(classes.detach) ? 'destructive' : 'disruptive', ...permissions]
}

/** Returns the traits of an operation that removes something: irreversible unless known otherwise, `cascade` for containers. */
export function traitsOf(
  overrides: Overrides,
  key: string,
  level: LevelLetter,
  classes: readonly string[],
  judged: readonly string[] = [],
): string[] {
  const { destructive, containers, reversible } = overrides.classes
  const operation = key.slice(key.indexOf('.') + 1)
  const removes = verbOf(overrides, destructive, operation) !== undefined
  const grave = classes.includes('destructive') || classes.includes('data-delete')
  const traits = new Set<string>([...(overrides.traits[key] ?? []), ...judged])
  if (removes && grave && level !== 'T') {
    if (!reversible.includes(key)) traits.add('irreversible')
    if (new RegExp(containers).test(operation)) traits.add('cascade')
  }
  return TRAITS.filter((each) => traits.has(each))
}

/** Tells whether the classes follow from the access level alone, so that the data can leave them out. */
export function isDefault(classes: readonly string[], level: LevelLetter): boolean {
  return classes.length === 1 && classes[0] === BY_LEVEL[level]
}
