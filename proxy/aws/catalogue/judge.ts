/** Judges a changing operation: by its name, by its members at every depth, and by their values (rule S24). */
import type { LevelLetter, RawRule } from './format.ts'
import type { Kind, Kinds, MemberRule } from './kinds.ts'
import { everyPlace, lowered, type MemberPlace } from './members.ts'
import { type ServiceModel, type Shape, wireLocation } from './model.ts'

/** Describes the operation that is judged. */
export interface Judged {
  readonly model: ServiceModel
  readonly name: string
  readonly operation: string
  readonly level: LevelLetter
}

export interface Verdicts {
  /** Classes and traits of the operation, whatever its parameters. */
  readonly adds: readonly string[]
  readonly rules: readonly RawRule[]
}

/** Kinds whose members count where something is removed: what else goes, and what would keep it. */
const REMOVING_KINDS: ReadonlySet<string> = new Set(['guard', 'destroy'])

const NOTHING: Verdicts = { adds: [], rules: [] }

/** Words with which a setting is weakened or switched off. A text without an enum in the model may be any of them. */
const WEAK =
  'disabled disable off none no false inactive suspended paused optional mutable fail_open passthrough no_action not_required unprotected plaintext permissive detached'.split(
    ' ',
  )
const ON = 'enabled enable on true yes active all public'.split(' ')

/** Weak where the model lists them, too long or too plain for a text that may be anything. */
const WEAK_VALUES =
  /^(MUTABLE_WITH_EXCLUSION|IMMUTABLE_WITH_EXCLUSION|CLIENT_PLAINTEXT|TLS_PLAINTEXT|EXCLUDED_.*|NO_.*|DISABLE.+|ALLOW_ALL|AUTO_ACCEPT|OPT_OUT|OPTED_OUT|REVOKED)$/i

function listed(shape: Shape, words: readonly string[], more?: RegExp): string | undefined {
  if (shape.type !== 'string') return undefined
  if (shape.enum === undefined) return `=${words.join('|')}`
  const found = shape.enum.filter((each) => words.includes(each.toLowerCase()) || more?.test(each) === true)
  return found.length === 0 ? undefined : `=${found.join('|')}`
}

const NUMBERS: ReadonlySet<string> = new Set(['integer', 'long', 'float', 'double'])
const HOLDERS: ReadonlySet<string> = new Set(['list', 'map', 'structure', 'string', 'blob'])

/** Tells whether a shape can have a value that a predicate asks for. */
function canHold(wanted: string, { type, enum: values }: Shape): boolean {
  const isText = type === 'string' && values === undefined
  if (wanted === '=true' || wanted === '=false') return type === 'boolean' || isText
  if (/^(=0$|<\d)/.test(wanted)) return NUMBERS.has(type) || isText
  if (wanted === 'empty') return HOLDERS.has(type) && values === undefined
  if (wanted === 'foreign' || wanted === 'everybody')
    return isText || (type === 'list' && values === undefined)
  return true
}

/** Returns the predicate for a shape; undefined if the shape cannot have such a value. */
export function predicateFor(wanted: string, shape: Shape, values?: RegExp): string | undefined {
  if (wanted === 'listed') return listed(shape.enum === undefined ? { type: 'list' } : shape, [], values)
  if (wanted === 'weak') return shape.type === 'boolean' ? '=false' : listed(shape, WEAK, WEAK_VALUES)
  if (wanted === 'on') return shape.type === 'boolean' ? '=true' : listed(shape, ON)
  return canHold(wanted, shape) ? wanted : undefined
}

function fits(
  { on, types, within, outside }: MemberRule,
  at: string,
  shape: Shape,
  creates: boolean,
): boolean {
  if (on !== undefined && (on === 'creates') !== creates) return false
  if (types !== undefined && !types.has(shape.type)) return false
  return within?.test(at) !== false && outside?.test(at) !== true
}

function verdictsOn(kind: Kind, kinds: Kinds, key: string, operation: string) {
  const known = kind.verdicts.get(key) ?? kind.verdicts.get(operation)
  if (known === undefined && kind.operations.test(operation)) kinds.unjudged.add(`${kind.name}: ${operation}`)
  return known
}

function matches({ members, values }: Kind, { leaf, shape }: MemberPlace): boolean {
  return members.test(leaf) || shape.enum?.some((each) => values?.test(each)) === true
}

/** Returns the rules of one kind on one member, and notes it if it should have some and has none. */
function rulesOn(kind: Kind, kinds: Kinds, place: MemberPlace): readonly MemberRule[] {
  const { leaf, path } = place
  const parent = path.split('.').at(-2)
  const pair = parent === undefined ? '' : `${lowered(parent)}.${leaf}`
  const rules = kind.memberRules.get(pair) ?? kind.memberRules.get(leaf)
  if (rules !== undefined) return rules
  const isMild = kind.mildMembers.has(leaf) || kind.mildMembers.has(pair)
  if (!isMild && matches(kind, place)) kinds.unjudged.add(`${kind.name}: ${leaf} (${path})`)
  return []
}

/** Tells whether a member only names what the operation is about: `ImageId` of `ModifyImageAttribute`. */
function isSubject(operation: string, { leaf, path }: MemberPlace): boolean {
  const stem = /^(\w+?)(Id|Name|Arn|ARN|Identifier)s?$/.exec(leaf)?.[1]?.toLowerCase()
  if (stem === undefined || path.includes('.')) return false
  return operation.slice(verbIn(operation).length).toLowerCase().startsWith(stem)
}

interface Target extends Judged {
  readonly key: string
  readonly creates: boolean
  readonly notes: string[]
}

function* rulesAt(kind: Kind, kinds: Kinds, target: Target, place: MemberPlace): Generator<RawRule> {
  const at = `${target.key}: ${place.path}`
  for (const rule of rulesOn(kind, kinds, place)) {
    if (!fits(rule, at, place.shape, target.creates)) continue
    const exception = kind.exceptions.find((each) => each.at.test(at))
    if (exception !== undefined) {
      kinds.unused.delete(exception.text)
      target.notes.push(`${place.path}: not ${kind.name}: ${exception.why}`)
      continue
    }
    const predicate = predicateFor(rule.if, place.shape, kind.values)
    const location = wireLocation(target.model, target.operation, place.path)
    if (predicate === undefined || location === undefined) continue
    if (predicate === 'exists' && (location.startsWith('u:') || isSubject(target.operation, place))) continue
    target.notes.push(`${place.path} ${predicate}: ${rule.adds.join(' ')}: ${rule.why}`)
    yield [location, predicate, rule.adds]
  }
}

/** Returns the verb of an operation, without a prefix that says for how many or for whom it is. */
export function verbIn(operation: string): string {
  return /^(?:Batch|Bulk|Admin|Global)?([A-Z][a-z0-9]*)/.exec(operation)?.[1] ?? operation
}

function isSkipped(kinds: Kinds, key: string): (path: string) => boolean {
  return (path) => kinds.skipped.some((each) => each.test(`${key}: ${path}`))
}

/** Returns what the kinds say of an operation; nothing if it changes nothing, or only tags. */
export function judge(kinds: Kinds, judged: Judged): Verdicts {
  const { model, name, operation, level } = judged
  if (level === 'R' || level === 'L' || level === 'T') return NOTHING
  const key = `${name}.${operation}`
  const target = { ...judged, key, creates: kinds.creating.test(operation), notes: [] as string[] }
  const adds = new Set<string>()
  for (const kind of kinds.kinds) {
    const verdict = verdictsOn(kind, kinds, key, operation)
    for (const each of verdict?.adds ?? []) adds.add(each)
    if (verdict !== undefined)
      target.notes.push(`${operation}: ${verdict.adds.join(' ') || 'mild'}: ${verdict.why}`)
  }
  const rules: RawRule[] = []
  const isRemoving = kinds.removing.test(operation)
  const applying = kinds.kinds.filter(({ name }) => !isRemoving || REMOVING_KINDS.has(name))
  for (const place of everyPlace(model, model.operations[operation]?.input, isSkipped(kinds, key)))
    for (const kind of applying) rules.push(...rulesAt(kind, kinds, target, place))
  const why = kinds.verbs.get(verbIn(operation))
  if (why === undefined && adds.size === 0) kinds.unjudged.add(`verbs: ${verbIn(operation)} (${key})`)
  else if (why !== undefined) target.notes.push(`${verbIn(operation)}: ${why}`)
  kinds.reasons.set(key, target.notes)
  return { adds: [...adds], rules }
}
