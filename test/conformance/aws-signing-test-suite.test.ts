/** AWS's own signing cases (awslabs/aws-c-auth, Apache-2.0), header form. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { HeaderFields } from '../../proxy/headers.ts'
import { parseAuthorization } from '../../proxy/sigv4/authorization.ts'
import { canonicalRequest } from '../../proxy/sigv4/canonical-request.ts'
import { deriveKey } from '../../proxy/sigv4/signing-key.ts'
import { signature, signatureMatches } from '../../proxy/sigv4/signature.ts'

const suite = new URL('../../../shared/vectors/aws-signing-test-suite/v4/', import.meta.url)
const present = existsSync(suite)
if (!present)
  console.warn('SKIPPED: the AWS signing test suite is missing (../shared/vectors/aws-signing-test-suite)')
const cases = present ? readdirSync(suite) : []

/** The suite writes LF for CRLF, blanks and UTF-8 in targets as they are. */
function parse(text: string) {
  const [head = '', body = ''] = text.split(/\n\n(.*)/s)
  const [requestLine = '', ...lines] = head.replace(/\n[ \t]/g, '\r\n ').split(/(?<!\r)\n/)
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(requestLine) ?? []
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  const fields = lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1)]
  })
  return { method, path, query, headers: new HeaderFields(fields), body }
}

describe.skipIf(!present)('the AWS SigV4 signing test suite', () => {
  it('has all its 38 cases', () => {
    expect(cases).toHaveLength(38)
  })

  it.each(cases)('%s', (name) => {
    const file = (part: string) => readFileSync(new URL(`${name}/${part}`, suite), 'utf8')
    const context = JSON.parse(file('context.json'))
    const request = parse(file('header-signed-request.txt'))
    const { scope, signedHeaders, signature: claimed } = parseAuthorization(request.headers, '')
    const payloadHash = hash('sha256', request.body, 'hex')

    // `normalize: false` is how the S3 family signs its paths; no case has a percent-encoded path.
    const canonical = canonicalRequest(
      request,
      context.normalize ? scope.service : 's3',
      signedHeaders,
      payloadHash,
    )
    expect(canonical).toBe(file('header-canonical-request.txt'))

    const key = deriveKey(context.credentials.secret_access_key, scope)
    const date = request.headers.one('x-amz-date') ?? ''
    const requestHash = hash('sha256', canonical, 'hex')
    expect(signature(key, date, scope, requestHash)).toBe(file('header-signature.txt'))
    expect(signatureMatches(claimed, key, date, scope, requestHash)).toBe(true)
  })
})
