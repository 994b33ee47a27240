/** Requests by hand, taken through identification and classification as the stage does. */
import { loadCatalogue } from '../../proxy/aws/catalogue/catalogue.ts'
import { unknownCall } from '../../proxy/aws/classify/classify-call.ts'
import { NO_OPERATOR_RULES } from '../../proxy/aws/classify/operator-rules.ts'
import { callOfOperation, identifyWith } from '../../proxy/aws/read-call.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Call } from '../../proxy/core/call.ts'
import type { RequestHead } from '../../proxy/core/http/request-head.ts'
import { HeaderFields } from '../../proxy/core/http/headers.ts'

export interface Sample {
  readonly scope: string
  readonly method?: string
  /** Path and query. */
  readonly target?: string
  /** name, value, name, value, ... */
  readonly headers?: readonly string[]
  readonly body?: string | Buffer
}

export const catalogue = loadCatalogue()
const PLACE = { partition: 'aws', region: 'us-east-1', accountId: '111122223333' }

export function headOf({ method = 'POST', target = '/', headers = [] }: Sample): RequestHead {
  const mark = target.indexOf('?')
  return {
    method,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: new HeaderFields(headers),
  }
}

/** The call; where it is unknown, `reason` says why. A denial is given by its reason. */
export async function classified(
  sample: Sample,
  rules = NO_OPERATOR_RULES,
): Promise<Call & { readonly reason?: string }> {
  const head = headOf(sample)
  const bytes = Buffer.from(sample.body ?? '')
  try {
    const found = await identifyWith(catalogue, head, sample.scope, () => Promise.resolve(bytes))
    if (found.kind === 'unknown') return { ...unknownCall(found.protocol), reason: found.reason }
    return callOfOperation(found, head, bytes, PLACE, rules)
  } catch (error) {
    if (error instanceof Denial) return { ...unknownCall('rest-json'), reason: error.reason }
    throw error
  }
}

export function json(target: string, body: unknown, scope: string, ...headers: string[]): Sample {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return {
    scope,
    headers: ['X-Amz-Target', target, 'Content-Type', 'application/x-amz-json-1.0', ...headers],
    body: text,
  }
}

export function dynamodb(operation: string, body: unknown): Sample {
  return json(`DynamoDB_20120810.${operation}`, body, 'dynamodb')
}

export function form(scope: string, body: string): Sample {
  return { scope, headers: ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8'], body }
}

export function ec2(parameters: string): Sample {
  return form('ec2', `${parameters}&Version=2016-11-15`)
}

export function s3(method: string, target: string, body = '', headers: readonly string[] = []): Sample {
  return { scope: 's3', method, target, body, headers }
}

export function rest(scope: string, method: string, target: string, body: unknown = ''): Sample {
  return { scope, method, target, body: typeof body === 'string' ? body : JSON.stringify(body) }
}
