/**
 * Matches resources against the patterns of rules that restrict: approvals, freezes, overrides that add, `Deny` (rule S25).
 *
 * Such a pattern counts whatever the case of its letters, and whatever other name a call gives to what it names. If
 * nobody can know whether two names mean one thing (an id and a name), the rule applies. Patterns of rules that grant are
 * matched by `arnMatch`, exactly.
 */
import { ANY_CHARACTER, ANY_ID, ANY_PART, arnOverlap, patternsOverlap, startOfResource } from './arn-match.ts'
import { plainText } from './literal-names.ts'
import { FOLDS_CASE, OTHER_NAMES, type NameForm } from './resource-names.ts'

/** Holds the parts of an ARN or of a pattern that is written field by field; all in lower case. */
interface Fields {
  /** `arn:partition:service:region:account:` */
  readonly start: string
  readonly service: string
  readonly type: string
  /** The colon or slash behind the type. */
  readonly separator: string
  readonly name: string
}

const ARN = /^(arn:[^:]*:([^:]*):[^:]*:[^:]*:)([^:/]+)([:/])(.+)$/s

function fieldsOf(text: string): Fields | undefined {
  const [, start, service, type, separator, name] = ARN.exec(text) ?? []
  if (start === undefined || service === undefined || type === undefined) return undefined
  if (separator === undefined || name === undefined) return undefined
  return { start, service, type, separator, name }
}

/** The table by types in lower case, as folded ARNs have them. */
const BY_TYPE: ReadonlyMap<string, readonly NameForm[]> = new Map(
  Object.entries(OTHER_NAMES).map(([type, { forms }]) => [type.toLowerCase(), forms]),
)

/** An Alternative is a pattern of what a resource may be called otherwise; the rule's own pattern may have to be of a kind. */
interface Alternative {
  readonly pattern: string
  readonly kind?: (pattern: string) => boolean
}

/** Matches an id of 32 hexadecimal digits, as a pattern may have it. */
const UUID = /[:/][0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f*-]*$/

function alternativesOf(fields: Fields, form: NameForm): readonly Alternative[] {
  const { start, type, separator, name } = fields
  const called = (other: string, typed = type): Alternative => ({
    pattern: `${start}${typed}${separator}${other}`,
  })
  switch (form.form) {
    case 'suffix': {
      const bare = name.slice(0, -form.characters - 1)
      const full = called(`${name}-${ANY_CHARACTER.repeat(form.characters)}`)
      return new RegExp(`.-[a-z0-9]{${form.characters}}$`, 's').test(name) ? [called(bare), full] : [full]
    }
    case 'tail': {
      const at = name.indexOf(form.separator)
      return at < 0 ? [called(`${name}${form.separator}*`)] : [called(name.slice(0, at))]
    }
    case 'path': {
      const at = name.lastIndexOf('/')
      if (at < 0) return [called(`${form.only ?? '*'}/${name}`)]
      return form.only === undefined || name.slice(0, at) === form.only ? [called(name.slice(at + 1))] : []
    }
    case 'id':
      if (!name.startsWith(form.prefix)) return [called(`${form.prefix}*`)]
      return [{ ...called('*'), kind: (pattern) => !pattern.includes(`${type}${separator}${form.prefix}`) }]
    case 'uuid': {
      const isId = UUID.test(`/${name}`)
      return [{ ...called('*'), kind: (pattern) => UUID.test(pattern) !== isId }]
    }
    default:
      return [called('*', form.type.toLowerCase())]
  }
}

/** Caches what the newest resources may be called otherwise: one call is compared with many rules. */
let remembered = new Map<string, readonly Alternative[]>()
const MAX_REMEMBERED = 1_000

/** Returns what a resource, in lower case, may be called otherwise; empty for most types. */
function otherNames(arn: string): readonly Alternative[] {
  const known = remembered.get(arn)
  if (known !== undefined) return known
  const fields = fieldsOf(arn)
  const forms = fields === undefined ? undefined : BY_TYPE.get(`${fields.service}:${fields.type}`)
  const found =
    fields === undefined || forms === undefined ? [] : forms.flatMap((form) => alternativesOf(fields, form))
  if (remembered.size >= MAX_REMEMBERED) remembered = new Map()
  remembered.set(arn, found)
  return found
}

/** Caches the patterns of rules in lower case. They come from the configuration; the bound is a backstop. */
let folded = new Map<string, string>()
const MAX_FOLDED = 10_000

function lower(pattern: string): string {
  const known = folded.get(pattern)
  if (known !== undefined) return known
  if (folded.size >= MAX_FOLDED) folded = new Map()
  const text = plain(pattern)
  folded.set(pattern, text)
  return text
}

/** Matches the slash that begins a parameter's name, which its ARN has only once. */
const PARAMETER = /^(arn:[^:]*:ssm:[^:]*:[^:]*:parameter)\/\//

/** Returns a pattern or an ARN as plain text in lower case. */
function plain(text: string): string {
  const low = plainText(text).toLowerCase()
  return low.includes('//') ? low.replace(PARAMETER, '$1/') : low
}

/**
 * Returns a resource of a call as plain text. Of some gaps it is known what can stand in them: the id after a name
 * (`stack/prod/*`), and a part between colons (`autoScalingGroup:*:autoScalingGroupName/web`). So a rule for other names
 * is not about them, wherever it has a `*`.
 */
function resourceOf(arn: string): string {
  const text = plain(arn)
  if (!text.includes('*')) return text
  const at = startOfResource(text)
  const parted = text.slice(0, at) + text.slice(at).replace(/:\*(?=:)/g, `:${ANY_PART}`)
  const fields = parted.endsWith('*') ? fieldsOf(parted) : undefined
  const forms = fields && BY_TYPE.get(`${fields.service}:${fields.type}`)
  const hasId = forms?.some(
    (form) => form.form === 'tail' && form.isId === true && fields?.name.endsWith(`${form.separator}*`),
  )
  return hasId === true ? parted.slice(0, -1) + ANY_ID : parted
}

/** Tells whether a pattern is about a resource under another name than the one that is given. */
function namesOtherwise(pattern: string, arn: string): boolean {
  return otherNames(arn).some(
    ({ pattern: other, kind }) => (kind === undefined || kind(pattern)) && meet(pattern, other),
  )
}

/**
 * Tells whether two patterns can mean one ARN. If both say a type, they are compared field by field: `stack/production/*`
 * is not `stack/prod`, whatever may follow. The ARNs of S3 have no type.
 */
function meet(pattern: string, other: string): boolean {
  const [one, two] = [fieldsOf(pattern), fieldsOf(other)]
  const typed = one !== undefined && two !== undefined && !one.type.includes('*') && one.service !== 's3'
  if (typed && one.type !== two.type) return false
  return patternsOverlap([pattern], other)
}

/** Tells whether a pattern and a resource can mean one ARN under the names that they have. */
function overlaps(pattern: string, arn: string): boolean {
  if (arnOverlap([pattern], arn)) return !arn.endsWith('*') || meet(pattern, arn)
  if (!arn.endsWith(ANY_ID)) return false
  // What the pattern itself has after the separator is the id, whatever it looks like.
  const [separator = '', named] = [arn.at(-2), arn.slice(0, -2)]
  const at = (fieldsOf(pattern)?.name ?? '').lastIndexOf(separator)
  return at > 0 && meet(pattern.slice(0, pattern.lastIndexOf(separator)), named)
}

/**
 * Tells whether a rule that restricts is about the resource: one of its patterns can mean the same ARN, in whatever case
 * and under whatever other name. The resource may have `*`, as for `arnOverlap`.
 */
export function restricts(patterns: readonly string[], arn: string): boolean {
  const resource = resourceOf(arn)
  return patterns.some((each) => {
    const pattern = lower(each)
    return overlaps(pattern, resource) || namesOtherwise(pattern, resource)
  })
}

/** Tells whether a rule is about the resource only if another name than the one given means it. */
export function restrictsByOtherName(patterns: readonly string[], arn: string): boolean {
  const resource = resourceOf(arn)
  const all = patterns.map(lower)
  if (all.some((pattern) => overlaps(pattern, resource))) return false
  return all.some((pattern) => namesOtherwise(pattern, resource))
}

/** Tells whether some resource that the other pattern covers is one that a rule with these patterns restricts. */
export function restrictsSome(patterns: readonly string[], other: string): boolean {
  const wanted = plain(other)
  return patterns.some((each) => {
    const pattern = lower(each)
    return patternsOverlap([pattern], wanted) || namesOtherwise(pattern, wanted)
  })
}

/** Tells whether the service of an ARN, or its resource type, folds the case of names. */
function foldsCase(arn: string): boolean {
  const [, , service = '', , , ...rest] = arn.split(':', 7)
  const type = /^[^:/]*/.exec(rest.join(':'))?.[0] ?? ''
  return Object.hasOwn(FOLDS_CASE, service) || Object.hasOwn(FOLDS_CASE, `${service}:${type}`)
}

/**
 * Returns the one spelling of a resource: it is in lower case if its service folds names. It returns the argument itself
 * if nothing folds.
 */
export function canonicalName(arn: string): string {
  return arn.startsWith('arn:') && foldsCase(arn) ? arn.toLowerCase() : arn
}

/**
 * Returns one name for one thing, under which state about it is kept (a bucket, what a watcher saw): its canonical name
 * without what calls may leave out: the suffix of a secret, the path of a role, the `:*` of a log group. A version or an
 * alias is a thing of its own.
 */
export function thingName(arn: string): string {
  const name = canonicalName(arn)
  const fields = fieldsOf(name)
  const forms = fields && BY_TYPE.get(`${fields.service}:${fields.type.toLowerCase()}`)
  if (fields === undefined || forms === undefined) return name
  const { start, service, type, separator } = fields
  const [form] = forms
  const bare = `${start}${type}${separator}`
  if (form?.form === 'suffix') return name.replace(new RegExp(`(?<=.)-[A-Za-z0-9]{${form.characters}}$`), '')
  if (form?.form === 'tail') return name.endsWith(`${form.separator}*`) ? name.slice(0, -2) : name
  return service === 'iam' ? `${bare}${fields.name.slice(fields.name.lastIndexOf('/') + 1)}` : name
}
