import { describe, expect, it } from 'vitest'
import {
  isSecretName,
  REDACTED,
  redactHeaders,
  redactQuery,
  redactText,
  redactValue,
} from '../../proxy/observe/redact.ts'

const CANARY = 'CanaryX9canaryX9canaryX9'

describe('redactText', () => {
  const SECRETS = [
    `authorization: AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${CANARY}`,
    `Authorization: Bearer ${CANARY}`,
    `proxy answered "basic ${CANARY}"`,
    `cookie: session=${CANARY}; other=1`,
    `{"SecretAccessKey":"${CANARY}"}`,
    `SecretString = '${CANARY}'`,
    `https://h/k?X-Amz-Security-Token=${CANARY}&x=1`,
    `https://h/k?X-Amz-Signature=${CANARY}`,
    `password=${CANARY}`,
    `MasterUserPassword: ${CANARY}`,
    `x-amz-server-side-encryption-customer-key: ${CANARY}`,
    `eyJhbGciOiJSUzI1NiJ9.${CANARY}.${CANARY}`,
    `-----BEGIN RSA PRIVATE KEY-----\n${CANARY}\n-----END RSA PRIVATE KEY-----`,
    `-----BEGIN PRIVATE KEY-----\n${CANARY}`,
  ]
  for (const text of SECRETS) {
    it(`hides the secret in ${text.slice(0, 40).replaceAll('\n', ' ')}`, () => {
      const clean = redactText(text)
      expect(clean).not.toContain(CANARY)
      expect(clean).toContain(REDACTED)
    })
  }

  it('hides what has the shape of an AWS secret access key or of a signature', () => {
    const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
    const signature = 'ab12'.repeat(16)
    expect(redactText(`got ${secret}, ${signature}!`)).toBe(`got ${REDACTED}, ${REDACTED}!`)
  })

  const PLAIN = [
    'aws-cli/2.17.0 md/awscrt#0.20.11 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.11 cfg/retry-mode#standard',
    'arn:aws:dynamodb:us-east-1:123456789012:table/orders',
    'Ask an operator for a grant that covers every class and resource of this call.',
    'at verify (proxy/stages/verify/verify.ts:10:5)',
    'd6c1f1a0-7c55-4a5b-9d0b-6a5f0c3f3b11',
  ]
  for (const text of PLAIN) it(`leaves ${text.slice(0, 40)} alone`, () => expect(redactText(text)).toBe(text))

  it('cuts long text, and hides a secret that the cut goes through', () => {
    const clean = redactText(`${'a '.repeat(20)}password=${CANARY}`, 60)
    expect(clean.length).toBeLessThanOrEqual(63)
    expect(clean).not.toContain('Canary')
    expect(redactText('b '.repeat(10_000), 100)).toBe(`${'b '.repeat(50)}...`)
  })

  it('takes linear time for hostile text', () => {
    const hostile = [
      'secret'.repeat(50_000),
      'a'.repeat(300_000),
      '-----BEGIN PRIVATE KEY-----'.repeat(10_000),
      'A1a'.repeat(99_999),
    ]
    const started = performance.now()
    for (const text of hostile) redactText(text)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('isSecretName', () => {
  it('knows headers, query names and members in any case', () => {
    const names = [
      'Authorization',
      'X-Amz-Security-Token',
      'x-amz-server-side-encryption-customer-key',
      'Set-Cookie',
    ]
    for (const name of [
      ...names,
      'X-Amz-Signature',
      'SecretString',
      'sessionToken',
      'MasterUserPassword',
      'apiKey',
    ]) {
      expect(isSecretName(name), name).toBe(true)
    }
  })

  it('leaves names of harmless values alone', () => {
    for (const name of [
      'host',
      'user-agent',
      'x-amz-date',
      'accessKeyId',
      'X-Amz-SignedHeaders',
      'operation',
      'reason',
    ]) {
      expect(isSecretName(name), name).toBe(false)
    }
  })
})

describe('redactHeaders', () => {
  it('replaces secret values and keeps order and spelling', () => {
    const raw = [
      'Host',
      'h',
      'Authorization',
      CANARY,
      'X-AMZ-Security-Token',
      CANARY,
      'Cookie',
      CANARY,
      'X-A',
      'b',
    ]
    const secret = REDACTED
    expect(redactHeaders(raw)).toEqual(raw.map((text) => (text === CANARY ? secret : text)))
  })
})

describe('redactQuery', () => {
  it('replaces secret values under plain, upper-case and encoded names', () => {
    const query = `a=1&X-Amz-Signature=${CANARY}&x-amz-security%2Dtoken=${CANARY}&%zz=1&list-type`
    expect(redactQuery(query)).toBe(
      `a=1&X-Amz-Signature=${REDACTED}&x-amz-security%2Dtoken=${REDACTED}&%zz=1&list-type`,
    )
  })
})

describe('redactValue', () => {
  it('replaces secret and free-text members at any depth', () => {
    const value = {
      service: 'rds',
      input: { MasterUserPassword: CANARY, statement: `select '${CANARY}'`, Environment: { A: CANARY } },
      list: [{ UserData: CANARY }, `password=${CANARY}`],
    }
    const clean = JSON.stringify(redactValue(value))
    expect(clean).not.toContain(CANARY)
    expect(clean).toContain('"service":"rds"')
  })

  it('shows an error with stack and cause, redacted', () => {
    const error = new Error(`token=${CANARY}`, { cause: new Error(`Bearer ${CANARY}`) })
    const clean = redactValue(error) as { message: string; stack: string; cause: { message: string } }
    expect(JSON.stringify(clean)).not.toContain(CANARY)
    expect(clean).toMatchObject({
      type: 'Error',
      message: `token=${REDACTED}`,
      cause: { message: `Bearer ${REDACTED}` },
    })
    expect(clean.stack).toContain('redact.test.ts')
  })

  it('ends in a circle', () => {
    const circle: Record<string, unknown> = { a: 1 }
    circle['self'] = circle
    expect(JSON.stringify(redactValue(circle))).toContain(REDACTED)
  })
})
