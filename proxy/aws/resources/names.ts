/** Reads the names in a request as the ARN of their service has them. */
import { literalName, unknownStars } from '../../../policy/literal-names.ts'
import { HOLDS_STARS } from '../../../policy/resource-names.ts'
import type { ResourceEntry } from '../catalogue/types.ts'
import type { ArnPlace } from './arns.ts'

/** Matches a queue URL, `https://sqs.region.amazonaws.com/123456789012/name`; the groups are account and name. */
const QUEUE_URL = /^https?:\/\/[^/]+\/(\d{12})\/([^/]+)$/
/** Matches blanks and control characters, which belong in no ARN. */
// oxlint-disable-next-line no-control-regex
export const UNFIT = /[\u0000-\u0020\u007f-\u00a0]/

/** Returns a value as an ARN has it: queue URLs, Route 53 ids, parameter names, builds and revisions look different. */
export function cleaned(service: string, value: string): string {
  if (service === 'ecs') return value.replace(/:\d+$/, '')
  if (service === 'sqs') return QUEUE_URL.exec(value)?.[2] ?? value
  if (service === 'route53') return value.replace(/^\/?(hostedzone|change|delegationset|healthcheck)\//, '')
  if (service === 'codebuild') return value.replace(/:[\w-]+$/, '')
  return service === 'ssm' ? value.replace(/^\//, '') : value
}

/** Returns the place with the account of a queue URL, if the value is one. */
export function placeOf(service: string, value: string, place: ArnPlace): ArnPlace {
  const account = service === 'sqs' ? QUEUE_URL.exec(value)?.[1] : undefined
  return account === undefined ? place : { ...place, accountId: account }
}

/** Matches the type in a template, which has no colon in its variables. */
const TYPE = /^(?:[^:]*:){5}([^:/]+)/

/**
 * Returns a name as the ARNs of a template have it: a star is one where names of the type may have stars; in other
 * names it stands for any characters. A `$` at the end is spelled, since a `{` may follow in the ARN.
 */
export function spelled({ arnService, template = '' }: ResourceEntry, name: string): string {
  if (!/[*$]/.test(name)) return name
  const isLiteral = Object.hasOwn(HOLDS_STARS, `${arnService}:${TYPE.exec(template)?.[1]}`)
  return (isLiteral ? literalName(name) : unknownStars(name)).replace(/\$$/, '${$}')
}

/** Matches paths of API Gateway that name a custom domain. */
const DOMAIN_PATH = /^(?:\/v2)?\/domainnames\//

/** Returns a decoded path of API Gateway as its ARN has it. */
export function spelledPath(path: string): string {
  return DOMAIN_PATH.test(path) ? literalName(path) : unknownStars(path)
}

/** Matches `name:qualifier`, but not `function:name`, `account:name` or `region:name`, which are partial ARNs to Lambda. */
const LAMBDA_QUALIFIED = /^(?!function:|\d{12}:|[a-z]{2}(-[a-z]+)+-\d:)[\w-]+:[\w$-]+$/

/** Tells whether a value is a name. One with a colon is not, except for Lambda's qualifiers; nor a queue's with a slash. */
export function isName(service: string, name: string): boolean {
  if (name === '' || UNFIT.test(name)) return false
  if (service === 'sqs' && name.includes('/')) return false
  return !name.includes(':') || (service === 'lambda' && LAMBDA_QUALIFIED.test(name))
}
