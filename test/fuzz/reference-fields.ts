/** Says of the fields that a signature leaves out which may arrive, which must not, and which spoil the request. */
import { valuesOf, type HttpRequest } from './http-message.ts'

export interface Fields {
  /** Why the request must be refused. */
  readonly spoilt: string | undefined
  /** Names of unsigned fields that may arrive at the service, as they came. */
  readonly free: readonly string[]
}

export interface SignedFacts {
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly presigned: boolean
  /** What stands for the body in the signature; undefined for its hash. */
  readonly payload: string | undefined
}

const S3_FAMILY = ['s3', 's3express', 's3-object-lambda', 's3-outposts']
/** Of the connection and the signature, or of no meaning to a call. */
const FREE =
  /^(accept|accept-encoding|accept-language|amz-sdk-invocation-id|amz-sdk-request|amz-sdk-retry|baggage|cache-control|from|max-forwards|pragma|referer|traceparent|tracestate|user-agent|x-amzn-trace-id|sec-.*)$/
/** AWS reads it, or may. */
const MEANS_SOMETHING =
  /^(x-amz-.*|x-amzn-(?!trace-id$|tls-|mtls-|waf-|lattice-|vpce?-|requestid$).*|host|smithy-protocol|x-k8s-aws-id|content-range|client-token|x-client-token|description|allow-revert|instance-id|staging|authentication)$/
const CONDITION = /^(range|if-(match|modified-since|none-match|range|unmodified-since))$/
const OF_AN_OBJECT = /^(content-(disposition|encoding|language|md5)|expires|origin)$/

const UTF8 = '( *; *charset=utf-8)?$'
const JSON_TYPE = new RegExp(`^application/(json|x-amz-json-1\\.[01])${UTF8}`, 'i')
const FORM_TYPE = new RegExp(`^application/x-www-form-urlencoded${UTF8}`, 'i')
const XML_TYPE = new RegExp(`^(text|application)/xml${UTF8}`, 'i')

/** Whether this can only be the type that the signed part of the request has anyway. */
function fits(request: HttpRequest, { service, signedHeaders }: SignedFacts, type: string): boolean {
  if (S3_FAMILY.includes(service)) return request.method !== 'POST' || !/multipart/i.test(type)
  if (signedHeaders.includes('x-amz-target')) return JSON_TYPE.test(type)
  if (service === 'route53') return XML_TYPE.test(type)
  if (service === 'lambda') return request.target.includes('/invocations') || JSON_TYPE.test(type)
  return FORM_TYPE.test(type)
}

/** Why this unsigned field spoils the request, or whether it may arrive. */
function judgeField(request: HttpRequest, name: string, facts: SignedFacts): string | boolean {
  const { service, presigned, payload } = facts
  const s3 = S3_FAMILY.includes(service)
  const values = valuesOf(request, name)
  if (MEANS_SOMETHING.test(name)) return `${name} is not signed`
  if (CONDITION.test(name)) {
    const reads = request.method === 'GET' || request.method === 'HEAD'
    return (values.length === 1 && (reads || (s3 && presigned))) || `${name} is not signed`
  }
  if (name === 'content-encoding') {
    const framed = payload?.startsWith('STREAMING-') === true
    if (!s3 || (!framed && /aws-chunked/i.test(values.join()))) return 'coding is not signed'
  }
  if (name === 'content-type') {
    if (fits(request, facts, values.join())) return true
    return request.body.length > 0 ? 'type is not signed, and another' : false
  }
  if (s3 && OF_AN_OBJECT.test(name)) return values.length === 1 || `${name} twice`
  return FREE.test(name)
}

/** Judges every field of a request that is not signed. What is neither free nor spoils it must not arrive. */
export function judgeFields(request: HttpRequest, facts: SignedFacts): Fields {
  const free: string[] = []
  for (const name of new Set(request.headers.map(([each]) => each.toLowerCase()))) {
    if (facts.signedHeaders.includes(name)) continue
    const verdict = judgeField(request, name, facts)
    if (typeof verdict === 'string') return { spoilt: verdict, free: [] }
    if (verdict) free.push(name)
  }
  return { spoilt: undefined, free }
}
