import { decode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorResponse, type Refusal } from '../../../proxy/aws/errors/error-response.ts'
import { DENIALS, type DenialReason } from '../../../proxy/core/denial/table.ts'
import type { Protocol } from '../../../proxy/core/call.ts'

const PROTOCOLS: Protocol[] = ['json-1.0', 'json-1.1', 'rest-json', 'rest-xml', 's3', 'query', 'ec2', 'cbor']
const REASONS = Object.keys(DENIALS) as DenialReason[]

function refuse(over: Partial<Refusal> = {}) {
  const { status, headers, body } = errorResponse({
    protocol: 'json-1.0',
    service: 'dynamodb',
    reason: 'policy_denied',
    message: 'No grant covers this.',
    requestId: 'r-1',
    ...over,
  })
  const fields: Record<string, string> = {}
  for (let i = 0; i < headers.length; i += 2) fields[headers[i] as string] = headers[i + 1] as string
  return { status, headers: fields, text: body.toString('utf8'), body }
}

const WORDS = `No grant covers this. ${DENIALS.policy_denied.next} (moderato request r-1, reason policy_denied)`

describe('errorResponse', () => {
  it('spells JSON 1.0 and 1.1 with __type and the error type header', () => {
    for (const version of ['1.0', '1.1'] as const) {
      const { status, headers, text } = refuse({ protocol: `json-${version}` })
      expect(status).toBe(403)
      expect(headers).toEqual({
        'content-type': `application/x-amz-json-${version}`,
        'x-amzn-requestid': 'r-1',
        'x-amzn-errortype': 'AccessDeniedException',
        'content-length': String(Buffer.byteLength(text)),
      })
      expect(JSON.parse(text)).toEqual({ __type: 'AccessDeniedException', message: WORDS })
    }
  })

  it('spells REST JSON with the error type header', () => {
    const { headers, text } = refuse({ protocol: 'rest-json', service: 'eks' })
    expect(headers['x-amzn-errortype']).toBe('AccessDeniedException')
    expect(JSON.parse(text)).toEqual({ code: 'AccessDeniedException', message: WORDS })
  })

  it('spells the query protocol and REST XML as ErrorResponse', () => {
    for (const protocol of ['query', 'rest-xml'] as const) {
      const { headers, text } = refuse({ protocol, service: 'iam' })
      expect(headers['content-type']).toBe('text/xml')
      expect(text).toBe(
        `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>${WORDS}</Message></Error>` +
          '<RequestId>r-1</RequestId></ErrorResponse>',
      )
    }
  })

  it('spells S3 without a wrapper, with the resource', () => {
    const { headers, text } = refuse({ protocol: 's3', service: 's3', resource: '/b/<k>' })
    expect(headers).toMatchObject({ 'content-type': 'application/xml', 'x-amz-request-id': 'r-1' })
    expect(text).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>${WORDS}</Message>` +
        '<Resource>/b/&lt;k&gt;</Resource><RequestId>r-1</RequestId></Error>',
    )
  })

  it('spells EC2 as Response/Errors', () => {
    expect(refuse({ protocol: 'ec2', service: 'ec2' }).text).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>${WORDS}` +
        '</Message></Error></Errors><RequestID>r-1</RequestID></Response>',
    )
  })

  it('spells RPC v2 CBOR with its protocol header', () => {
    const { headers, body } = refuse({ protocol: 'cbor', service: 'monitoring' })
    expect(headers).toMatchObject({ 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' })
    expect(decode(body)).toEqual({ __type: 'AccessDeniedException', message: WORDS })
  })

  it("adds the query protocol's code where the client asks for it", () => {
    const sqs = { service: 'sqs', queryMode: true } as const
    expect(refuse(sqs).headers['x-amzn-query-error']).toBe('AccessDenied;Sender')
    expect(refuse({ ...sqs, reason: 'draining' }).headers['x-amzn-query-error']).toBe(
      'ServiceUnavailable;Receiver',
    )
    expect(refuse({ ...sqs, queryMode: false }).headers).not.toHaveProperty('x-amzn-query-error')
  })

  it.each([
    ['ec2', 'ec2', 'RequestLimitExceeded', 503],
    ['s3', 's3', 'SlowDown', 503],
    ['json-1.0', 'dynamodb', 'ThrottlingException', 400],
    ['json-1.0', 'sqs', 'ThrottlingException', 400],
    ['rest-json', 'lambda', 'TooManyRequestsException', 429],
    ['query', 'sns', 'Throttling', 400],
    ['rest-xml', 'route53', 'Throttling', 400],
    ['cbor', 'monitoring', 'ThrottlingException', 400],
  ] as const)('throttles %s (%s) as %s %i, with the wait', (protocol, service, code, status) => {
    const answer = refuse({ protocol, service, reason: 'paced', retryAfterMs: 1234.5 })
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(code)
    expect(answer.text).toContain('Retry in 2 s.')
    expect(answer.headers).toMatchObject({ 'retry-after': '2', 'x-amz-retry-after': '1235' })
  })

  it('throttles by no status and code that a measured client takes for final', () => {
    const services = [
      'ec2',
      's3',
      'dynamodb',
      'sqs',
      'lambda',
      'athena',
      'xray',
      'tagging',
      'iam',
      'nobody',
      '',
    ]
    for (const reason of ['paced', 'queue_full'] as const) {
      for (const protocol of PROTOCOLS) {
        for (const service of services) {
          const { status, text } = refuse({ protocol, service, reason })
          const code =
            /RequestLimitExceeded|TooManyRequestsException|SlowDown|Thrott(lingException|ling|ledException)/.exec(
              text,
            )?.[0]
          expect([400, 429, 503]).toContain(status)
          if (code === 'RequestLimitExceeded' || code === 'SlowDown') expect(status).toBe(503)
          if (status === 429) expect(code).toBe('TooManyRequestsException')
          if (status === 400) expect(code).toMatch(/^Thrott/)
        }
      }
    }
  })

  it('names a wait for no reason that a retry does not help', () => {
    const { headers, text } = refuse({ reason: 'pace_exceeds_burst', retryAfterMs: 5000 })
    expect(headers).not.toHaveProperty('retry-after')
    expect(headers).not.toHaveProperty('x-amz-retry-after')
    expect(text).not.toContain('Retry in')
  })

  it('answers a body that is too large with 413 in every protocol', () => {
    for (const protocol of PROTOCOLS) expect(refuse({ protocol, reason: 'body_too_large' }).status).toBe(413)
  })

  it('sends no body and no length to HEAD', () => {
    const { headers, body, status } = refuse({ protocol: 's3', service: 's3', method: 'HEAD' })
    expect({ status, length: body.length }).toEqual({ status: 403, length: 0 })
    expect(headers).not.toHaveProperty('content-length')
  })

  it('never takes a property of Object for a service', () => {
    expect(refuse({ service: 'constructor' }).status).toBe(403)
    expect(refuse({ service: '__proto__' }).text).toContain('AccessDeniedException')
  })

  it('cuts what the request said, and keeps the next step', () => {
    const { text } = refuse({ message: 'x'.repeat(100_000) })
    expect(text.length).toBeLessThan(1500)
    expect(text).toContain(DENIALS.policy_denied.next)
  })

  it('gives every reason in every protocol a code, our words and clean headers, whatever the request said', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PROTOCOLS),
        fc.constantFrom(...REASONS),
        fc.string({ unit: 'binary', maxLength: 200 }),
        (protocol, reason, said) => {
          const { headers, text, body, status } = refuse({ protocol, reason, message: said, resource: said })
          expect(status).toBeGreaterThanOrEqual(400)
          for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7E]+$/)
          const message = protocol === 'cbor' ? (decode(body) as { message: string }).message : text
          expect(message).toContain(`reason ${reason})`)
          if (text.startsWith('<')) {
            const tags = text.replace(/^<\?xml[^?]*\?>\n/, '').match(/<\/?[A-Za-z]+>/g) ?? []
            expect(text.match(/</g)?.length).toBe(tags.length + (text.startsWith('<?') ? 1 : 0))
            // oxlint-disable-next-line no-control-regex -- these are what XML 1.0 forbids
            expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\uFFFE\uFFFF]/)
          }
        },
      ),
    )
  })

  it('shows no character that hides or turns text', () => {
    expect(refuse({ message: 'a\u202Eb\u200Bc\r\nd\u2028e' }).text).toContain('a?b?c??d?e')
  })
})
