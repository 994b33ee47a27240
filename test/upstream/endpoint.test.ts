import { describe, expect, it } from 'vitest'
import { unknownCall } from '../../proxy/aws/classify/classify-call.ts'
import { type Config, ConfigSchema } from '../../proxy/config/schema/config.ts'
import type { Paced } from '../../proxy/exchange/exchange.ts'
import type { CredentialScope, SigningAlgorithm } from '../../proxy/sigv4/types.ts'
import type { Call } from '../../proxy/core/call.ts'
import { NO_PRIVATE_SERVICES } from '../../proxy/aws/private/services.ts'
import { upstreamEndpoint } from '../../proxy/upstream/endpoint.ts'

const V4A = 'AWS4-ECDSA-P256-SHA256'

function upstream(settings: object = {}): Config['upstream'] {
  return ConfigSchema.parse({ upstream: settings }).upstream
}

function paced(
  servicePath: string,
  call: Partial<Call>,
  scope: Partial<CredentialScope> = {},
  algorithm: SigningAlgorithm = 'AWS4-HMAC-SHA256',
): Paced {
  return {
    path: '/as-it-came',
    servicePath,
    call: { ...unknownCall('s3'), model: 's3', ...call },
    authorization: { algorithm, scope: { date: '20260101', region: 'us-east-1', service: 's3', ...scope } },
  } as Paced
}

describe('upstreamEndpoint', () => {
  it('goes to S3 in path style, the bucket being the first segment wherever it stood', () => {
    const place = upstreamEndpoint(
      upstream(),
      NO_PRIVATE_SERVICES,
    )(paced('/my.bucket//a/../b', { bucket: 'my.bucket' }))
    expect(place).toEqual({
      origin: 'https://s3.us-east-1.amazonaws.com',
      host: 's3.us-east-1.amazonaws.com',
      signingName: 's3',
      signingRegion: 'us-east-1',
      path: '/my.bucket//a/../b',
    })
  })

  it.each([
    ['/abc.mrap/a//b', '/a//b'],
    ['/abc.mrap//key', '//key'],
    ['/%61bc.mrap/key', '/key'],
    ['/abc.mrap/', '/'],
    ['/abc.mrap', '/'],
  ])('takes a multi-region access point out of the path %s', (servicePath, path) => {
    const place = upstreamEndpoint(
      upstream(),
      NO_PRIVATE_SERVICES,
    )(paced(servicePath, { bucket: 'abc.mrap' }, { region: '*' }, V4A))
    expect(place).toMatchObject({
      origin: 'https://abc.mrap.accesspoint.s3-global.amazonaws.com',
      signingRegion: '*',
      path,
    })
  })

  it('puts the account before the host of S3 Control', () => {
    const call = { model: 's3control', operation: 'GetAccessPoint', hostPrefix: '123456789012.' }
    const place = upstreamEndpoint(upstream(), NO_PRIVATE_SERVICES)(paced('/v20180820/accesspoint/ap', call))
    expect(place.host).toBe('123456789012.s3-control.us-east-1.amazonaws.com')
  })

  it('goes to the configured endpoint with everything, under its own scope', () => {
    const fixed = upstreamEndpoint(upstream({ endpoint: 'http://127.0.0.1:5000' }), NO_PRIVATE_SERVICES)
    expect(fixed(paced('/abc.mrap/key', { bucket: 'abc.mrap' }, { region: '*' }, V4A))).toEqual({
      origin: 'http://127.0.0.1:5000',
      host: '127.0.0.1:5000',
      signingName: 's3',
      signingRegion: '*',
      path: '/abc.mrap/key',
    })
  })
})
