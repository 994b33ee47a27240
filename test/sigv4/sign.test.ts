/** `@smithy/signature-v4`, the AWS SDK's own signer, is the oracle. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import { signRequest } from '../../proxy/sigv4/sign.ts'
import { formatAmzDate } from '../../proxy/sigv4/signing-date.ts'
import { ALGORITHM } from '../../proxy/sigv4/credential.ts'
import { Signatures } from '../../proxy/sigv4/signatures.ts'
import { signers, unsignedRequest } from '../conformance/signers.ts'
import { ACCESS_KEY_ID, headerOf, NOW_MS, SECRET, withoutHeader } from './signing.ts'

const signatures = new Signatures()
const credentials = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET }
const amzDate = formatAmzDate(NOW_MS)

describe('signRequest', () => {
  it('gives the signature that the SDK gives', async () => {
    const smithy = signers[0]
    const plain = fc.sample(unsignedRequest(), { seed: 7, numRuns: 200 })
    const made = (await smithy?.sign(plain)) ?? []
    expect(made).toHaveLength(200)
    made.forEach((request, i) => {
      const { service = '', region = '' } = plain[i] ?? {}
      const headers = new HeaderFields(withoutHeader(request, 'authorization').headers)
      const payloadHash = headerOf(request, 'x-amz-content-sha256')
      const ours = signRequest(
        { ...request, headers },
        payloadHash,
        { algorithm: ALGORITHM, scope: { date: amzDate.slice(0, 8), region, service }, amzDate },
        credentials,
        signatures,
      )
      expect(ours.authorization).toBe(headerOf(request, 'authorization'))
    })
  })

  it('signs every header but those that the SDKs leave unsigned', () => {
    const headers = new HeaderFields(
      [
        'Zebra',
        'Host',
        'X-Amz-Date',
        'User-Agent',
        'Content-Length',
        'X-Amzn-Trace-Id',
        'traceparent',
        'Range',
      ].flatMap((name) => [name, 'x']),
    )
    const request = { method: 'GET', path: '/', query: '', headers }
    const text = signRequest(
      request,
      'UNSIGNED-PAYLOAD',
      { algorithm: ALGORITHM, scope: { date: amzDate.slice(0, 8), region: 'r', service: 's3' }, amzDate },
      credentials,
      signatures,
    )
    expect(text.authorization).toContain('SignedHeaders=host;range;x-amz-date;zebra,')
  })
})
