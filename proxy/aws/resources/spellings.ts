/**
 * Reads names out of values that say themselves what they name: ARNs, objects of S3 in every spelling, parameters and
 * secrets that are filled in, images of ECR, aliases of keys (rule S27). Every pattern is bounded: an agent writes the text.
 */
import { unknownStars } from '../../../policy/literal-names.ts'
import { ANY, type ArnPlace } from './arns.ts'

/** Returns the text without escapes of JSON and YAML, as a template inside a string still has them. */
export function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  return text
    .replace(/\\u([0-9a-f]{4})|\\x([0-9a-f]{2})/gi, (_, four?: string, two?: string) =>
      String.fromCharCode(Number.parseInt(four ?? two ?? '', 16)),
    )
    .replaceAll('\\/', '/')
}

/** Decodes percent-encoding; a plus sign may be one or a blank, so it becomes `*`. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text).replaceAll('+', ANY)
  } catch {
    return text
  }
}

const BASE64 = /^[A-Za-z0-9+/]{16,}={0,2}$/
// oxlint-disable-next-line no-control-regex
const BINARY = /[\u0000-\u0008\u000e-\u001f\ufffd]/

/** Returns the text behind base64, as user data has it: `` if that is no text; undefined if the value is no base64. */
export function behindBase64(value: string): string | undefined {
  if (value.length % 4 !== 0 || !BASE64.test(value)) return undefined
  const text = Buffer.from(value, 'base64').toString('utf8')
  return BINARY.test(text) ? '' : text
}

/** Matches the characters of a key in a text. */
const IN_KEY = String.raw`[^\s"'<>\\]`
/** Matches what may belong to a key, or to the text around it. */
const DOUBTFUL = /[`(){}[\]&;|,!$=:^?#]/

/** Returns the key up to the first character that may not be part of it; any key that goes on from there counts. */
function keyOf(text: string): string {
  const at = text.search(DOUBTFUL)
  return decoded(at < 0 ? text : text.slice(0, at)) + (at < 0 ? '' : ANY)
}

/** Returns the path of a URL: what stands before its query. */
function pathOf(text: string): string {
  return keyOf(text.replace(/[?#].*$/s, ''))
}
const ARN = /\barn:aws[a-z-]*:[^\s"'<>\\,]+/g
/** Matches `${AWS::Region}` and the like in templates: nobody here knows what it will be. */
const FILLED_LATER = /\$\{[^}]{0,100}\}/g

/** Returns a text as a pattern: any characters for what is filled in later, and for what a document may mean by a star. */
function patternOf(text: string): string {
  return unknownStars(text.replace(FILLED_LATER, ANY))
}

/** Matches names of versions that never change: a task definition's revision, a version of a function or a state machine. */
const FIXED =
  /^arn:[^:]*:(?:ecs:[^:]*:[^:]*:task-definition\/[^:]+|batch:[^:]*:[^:]*:job-definition\/[^:]+|lambda:[^:]*:[^:]*:(?:function|layer):[^:]+|states:[^:]*:[^:]*:stateMachine:[^:]+):\d+$/
/** Matches what AWS owns: no call of ours changes it. */
const OF_AWS = /^arn:[^:]*:iam::aws:|^arn:[^:]*:ssm:[^:]*::|:document\/(?:AWS|Amazon)[A-Za-z]*-|:alias\/aws\//
/** Matches an object behind an access point. */
const BEHIND_ACCESS_POINT =
  /^arn:([^:]*):s3(?:-object-lambda|-outposts)?:[^:]*:[^:]*:.*accesspoint[/:][^/]+(?:\/object)?\/(.+)$/s
const AUTOMATION = /:automation-definition\/([^:]+)(?::.*)?$/

/** Matches every ARN: whatever is changed, the approval is void. */
export const EVERYTHING = 'arn:*'
/** IAM's limit; a longer text is no ARN, and costs time to compare. */
const MAX_ARN_LENGTH = 2048

/** Returns an ARN as rules compare it; empty if nothing that it names can change. */
export function changeable(arn: string): readonly string[] {
  if (arn.length > MAX_ARN_LENGTH) return [EVERYTHING]
  const text = patternOf(arn)
  const behind = BEHIND_ACCESS_POINT.exec(text)
  if (behind !== null) return [`arn:${behind[1]}:s3:::*/${behind[2]}`]
  const named = text.replace(AUTOMATION, ':document/$1')
  return FIXED.test(named) || OF_AWS.test(named) ? [] : [named]
}

/** Returns an object; any bucket's, if the name of the bucket may be that of an access point, or is not known. */
export function objectArn(partition: string, bucket: string, key: string): string {
  const isKnown = bucket !== '' && !/-s3alias$|--ol-s3$|^arn:|[$*{]/.test(bucket)
  return `arn:${partition}:s3:::${isKnown ? bucket.toLowerCase() : ANY}/${patternOf(key)}`
}

const S3_SCHEME = new RegExp(String.raw`\bs3[an]?://([\w.:*{}$-]{1,255})(?:/(${IN_KEY}*))?`, 'gi')
const S3_HOST = new RegExp(
  String.raw`https?://(?:([^/\s"'\\@?#]{1,255})\.)?(s3[a-z0-9.-]{0,60})\.amazonaws\.com(?:\.cn)?\.?(?::\d{1,5})?/(${IN_KEY}*)`,
  'gi',
)
/** Hosts that name an access point, or a bucket of another kind, before `s3`. */
const OTHER_HOST = /accesspoint|object-lambda|express|outposts/i

function ofScheme([, bucket = '', key = '']: readonly string[], partition: string): string {
  if (!bucket.startsWith('arn:')) return objectArn(partition, bucket, keyOf(key))
  return objectArn(partition, '', keyOf(key.replace(/^[^/]*\//, '')))
}

function ofHost([, label = '', host = '', path = '']: readonly string[], partition: string): string {
  if (OTHER_HOST.test(host) || OTHER_HOST.test(label)) return objectArn(partition, '', pathOf(path))
  if (label !== '') return objectArn(partition, label, pathOf(path))
  const [bucket = '', ...key] = path.split('/')
  return objectArn(partition, decoded(bucket), pathOf(key.join('/')))
}

const PARAMETERS = [
  /\{\{\s*(?:resolve:)?ssm(?:-secure)?:\s*\/?([\w./-]{1,1024})/g,
  /\bresolve:ssm(?:-secure)?:\/?([\w./-]{1,1024})/g,
  /^ssm:\/?([\w./-]{1,1024})/g,
]
const SECRET = /\bresolve:secretsmanager:(?!arn:)([\w/+=.@-]{1,512})/g
/** A template's parameter whose value is read from Systems Manager: its name is a default, or given elsewhere. */
const TYPED_PARAMETER = /AWS::SSM::Parameter::Value/
const IMAGE =
  /(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]{1,40})\.(?:amazonaws\.com(?:\.cn)?|on\.aws)\/([\w./-]{1,256})(@sha256:)?/g
const ALIAS = /(?<![\w:-])alias\/(?!aws\/)([\w/-]{1,256})/g

/** Yields what a value names that can change, as ARN patterns: the account is `*` if nobody knows it. */
export function* spelledIn(text: string, place: ArnPlace): Generator<string> {
  const { partition, region, accountId = ANY } = place
  const here = (service: string): string => `arn:${partition}:${service}:${region}:${accountId}:`
  for (const [arn] of text.replace(FILLED_LATER, ANY).matchAll(ARN)) yield* changeable(arn)
  for (const found of text.matchAll(S3_SCHEME)) yield ofScheme(found, partition)
  for (const found of text.matchAll(S3_HOST)) yield ofHost(found, partition)
  for (const pattern of PARAMETERS)
    for (const [, name = ''] of text.matchAll(pattern)) yield `${here('ssm')}parameter/${name}`
  for (const [, name = ''] of text.matchAll(SECRET)) yield `${here('secretsmanager')}secret:${name}`
  if (TYPED_PARAMETER.test(text)) yield `${here('ssm')}parameter/*`
  for (const [, account = '', at = '', name = '', digest] of text.matchAll(IMAGE))
    if (digest === undefined) yield `arn:${partition}:ecr:${at}:${account}:repository/${name}`
  for (const [, name = ''] of text.matchAll(ALIAS)) yield `${here('kms')}alias/${name}`
}
