/** Fields that somebody on the way, or the client's own libraries, add to a request that is signed already. */
import type { Draft } from './http-message.ts'
import type { Random } from './random.ts'

/** No service reads them, so a call with them is the same call. */
const HARMLESS = [
  'Cookie: session=1',
  'Upgrade-Insecure-Requests: 1',
  'X-Requested-With: XMLHttpRequest',
  'X-Forwarded-For: 10.0.0.1, 10.0.0.2',
  'X-Forwarded-Host: iam.amazonaws.com',
  'X-Forwarded-Proto: https',
  'Forwarded: for=10.0.0.1;host=other',
  'Via: 1.1 proxy',
  'X-Request-Id: 1',
  'X-Correlation-Id: 2',
  'sentry-trace: 00-1-1',
  'baggage: sentry-trace_id=1',
  'b3: 1-2-1',
  'X-B3-TraceId: 1',
  'x-datadog-trace-id: 1',
  'x-datadog-sampling-priority: 1',
  'X-Envoy-Attempt-Count: 1',
  'x-envoy-expected-rq-timeout-ms: 1',
  'X-Amzn-Tls-Version: TLSv1.3',
  'x-amzn-mtls-clientcert: x',
  'X-Amzn-Trace-Id: Root=1',
  'uber-trace-id: 1',
  'DNT: 1',
  'Priority: u=0',
  'Sec-Fetch-Mode: navigate',
  'X-HTTP-Method-Override: DELETE',
  'X-HTTP-Method: DELETE',
  'X-Original-URL: /other',
  'X-Rewrite-URL: /other',
  'x_amz_acl: public-read',
  'x.amz.acl: public-read',
  'aws-sdk-invocation-id: 1',
  'CF-Connecting-IP: 1',
  'True-Client-IP: 1',
  'Early-Data: 1',
  'HTTP2-Settings: AA',
  '__proto__: x',
]

const OTHERS = [
  'Range: bytes=0-1',
  'Range: bytes=-1',
  'If-Match: "e"',
  'If-None-Match: *',
  'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT',
  'If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT',
  'If-Range: "e"',
  'Content-Type: application/x-amz-json-1.0',
  'Content-Type: application/x-amz-json-1.1; charset=utf-8',
  'Content-Type: application/json',
  'Content-Type: application/x-www-form-urlencoded',
  'Content-Type: application/x-www-form-urlencoded; charset=utf-16',
  'Content-Type: multipart/form-data; boundary=x',
  'Content-Type: text/plain;charset=UTF-8',
  'Content-Type: application/xml',
  'Content-Type: application/cbor',
  'Content-Type: application/json, application/x-www-form-urlencoded',
  'Content-Encoding: gzip',
  'Content-Encoding: aws-chunked',
  'Content-Encoding: gzip, AWS-Chunked',
  'Content-Disposition: attachment',
  'Content-Language: en',
  'Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==',
  'Content-Range: bytes 0-1/2',
  'Expires: 0',
  'Origin: https://example.org',
  'Accept: application/json',
  'Cache-Control: no-store',
  'smithy-protocol: rpc-v2-cbor',
  'x-amz-acl: public-read',
  'x-amz-target: DynamoDB_20120810.DeleteTable',
  'x-amz-copy-source: /other/key',
  'x-amz-tagging: a=b',
  'x-amz-decoded-content-length: 1',
  'X-Amz-Bypass-Governance-Retention: true',
  'x-amzn-principal: p',
  'X-Amzn-Query-Mode: true',
  'X-Client-Token: 1',
  'X-K8s-Aws-Id: c',
  'Proxy-Authorization: Basic YTpi',
  'Connection: range, content-type',
  'Connection: if-none-match',
  'Connection: cookie, x-forwarded-for',
  'Connection: x-amz-date',
  'TE: trailers',
]

function spelled(name: string, random: Random): string {
  return random.pick([name, name.toLowerCase(), name.toUpperCase()])
}

function withFields(draft: Draft, lines: readonly string[], random: Random): Draft {
  let headers = [...draft.headers]
  for (const line of lines) {
    const [name = '', value = ''] = line.split(/: (.*)/s)
    const fields: [string, string][] = [[spelled(name, random), value]]
    if (random.onceIn(10)) fields.push([spelled(name, random), random.pick([value, '', 'x'])])
    for (const field of fields) headers = headers.toSpliced(random.below(headers.length + 1), 0, field)
  }
  return { ...draft, headers }
}

const some = <T>(list: readonly T[], random: Random): T[] =>
  Array.from({ length: 1 + random.below(3) }, () => random.pick(list))

/** Adds some that change nothing: the call must go on, and they must not. */
export function withHarmlessFields(draft: Draft, random: Random): Draft {
  return withFields(draft, some(HARMLESS, random), random)
}

/** Adds some of every kind. */
export function withUnsignedFields(draft: Draft, random: Random): Draft {
  return withFields(
    draft,
    [...some(OTHERS, random), ...(random.onceIn(2) ? some(HARMLESS, random) : [])],
    random,
  )
}
