import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import { splitHeaders } from '../../proxy/sigv4/split-headers.ts'
import { mayBeUnsigned, UNSIGNED_HEADERS, unsignedTreatment } from '../../proxy/sigv4/unsigned-headers.ts'
import { BOTO3, missing } from '../support/tools.ts'

describe('the table of unsigned header fields', () => {
  it('has each name once, in lower case, with a reason', () => {
    const names = UNSIGNED_HEADERS.flatMap((row) => row.names)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]*\*?$/)
    for (const { why } of UNSIGNED_HEADERS) expect(why).toMatch(/^[A-Z].*\.$/)
  })

  it.each([
    ['x-amz-acl', 'refuse'],
    ['x-amzn-principal', 'refuse'],
    ['x-amzn-trace-id', 'forward'],
    ['x-amzn-trace-id2', 'refuse'],
    ['x-k8s-aws-id', 'refuse'],
    ['x-amzn-tls-version', 'drop'],
    ['x-amz', 'drop'],
    ['x_amz_acl', 'drop'],
    ['content-type', 'type'],
    ['content-type ', 'drop'],
    ['content_type', 'drop'],
    ['content-length', 'connection'],
    ['__proto__', 'drop'],
    ['constructor', 'drop'],
    ['', 'drop'],
  ])('treats %j as: %s', (name, treatment) => {
    expect(unsignedTreatment(name)).toBe(treatment)
  })

  it('never leaves out of our own signature what is not about the connection or free to go', () => {
    for (const name of [
      'host',
      'content-type',
      'range',
      'if-match',
      'x-amz-date',
      'content-encoding',
      'cookie',
    ])
      expect(mayBeUnsigned(name)).toBe(false)
    for (const name of ['user-agent', 'authorization', 'expect', 'amz-sdk-request'])
      expect(mayBeUnsigned(name)).toBe(true)
  })
})

describe('splitHeaders', () => {
  const authorization = (service: string, ...signedHeaders: string[]) => ({
    algorithm: 'AWS4-HMAC-SHA256' as const,
    accessKeyId: 'A',
    scope: { date: '20260101', region: 'us-east-1', service },
    signedHeaders,
    signature: '',
    presigned: undefined,
  })

  it('makes no copy where nothing is dropped or set apart', () => {
    const headers = new HeaderFields(['Host', 'a', 'User-Agent', 'b', 'Content-Type', 'c'])
    const split = splitHeaders(headers, authorization('iam', 'content-type', 'host'))
    expect(split.headers).toBe(headers)
    expect(split.deciding).toBe(headers)
  })

  it('keeps order, spelling and every value of what stays', () => {
    const headers = new HeaderFields([
      'B',
      '1',
      'Cookie',
      'x',
      'a',
      '2',
      'COOKIE',
      'y',
      'b',
      '3',
      'Range',
      'r',
    ])
    const split = splitHeaders(headers, authorization('s3', 'a', 'b'))
    expect(split.headers.raw).toEqual(['B', '1', 'a', '2', 'b', '3', 'Range', 'r'])
    expect(split.deciding.raw).toEqual(['B', '1', 'a', '2', 'b', '3'])
  })

  it('knows a Host that is signed as :authority', () => {
    const headers = new HeaderFields(['host', 'a'])
    expect(splitHeaders(headers, authorization('s3', ':authority')).headers).toBe(headers)
  })
})

const NAMES = `
import botocore.session, json
loader = botocore.session.get_session().get_component('data_loader')
names = set()
for service in loader.list_available_services('service-2'):
    model = loader.load_service_model(service, 'service-2')
    for operation in model['operations'].values():
        shape = model['shapes'].get(operation.get('input', {}).get('shape'), {})
        for member in shape.get('members', {}).values():
            if member.get('location') in ('header', 'headers'):
                names.add(member['locationName'].lower())
print(json.dumps(sorted(names)))`

describe.skipIf(missing(BOTO3))('the parameters that AWS reads from headers', () => {
  it('are never dropped without a word', () => {
    const text = execFileSync('python3', ['-c', NAMES], { encoding: 'utf8' })
    const names = JSON.parse(text) as string[]
    expect(names.length).toBeGreaterThan(200)
    expect(names.filter((name) => unsignedTreatment(name) === 'drop')).toEqual([])
  })
})
