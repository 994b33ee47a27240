/** Every spelling of an object of S3 that a call has AWS read (S27). */
import { describe, expect, it } from 'vitest'
import { isVoided, put, rest, templateAt, templated, type Made } from './aws-calls.ts'
import { ACCOUNT } from './calls.ts'

/** A copy that people approve. */
const copies = (source: string): Made => [
  { method: 'PUT', path: '/to/k', headers: ['x-amz-copy-source', source] },
  { service: 's3' },
]

describe('an approval is void after a change', () => {
  it.each([
    's3://code/t.yaml',
    's3a://code/t.yaml',
    's3n://code/t.yaml',
    'https://code.s3.amazonaws.com/t.yaml',
    'https://code.s3.eu-west-1.amazonaws.com/t.yaml?versionId=1',
    'https://CODE.S3.eu-west-1.amazonaws.com:443/t.yaml',
    'https://code.s3-eu-west-1.amazonaws.com/t.yaml',
    'https://code.s3.dualstack.eu-west-1.amazonaws.com/t.yaml',
    'https://code.s3-fips.us-gov-west-1.amazonaws.com/t.yaml',
    'https://code.s3-accelerate.amazonaws.com/t.yaml',
    'https://code.s3.cn-north-1.amazonaws.com.cn/t.yaml',
    'https://s3.amazonaws.com/code/t.yaml',
    'https://s3.eu-west-1.amazonaws.com/code/t%2Eyaml',
    'http://s3-eu-west-1.amazonaws.com/code/t.yaml',
    's3://ap-abcdefghijklmnopqrstuvwxyz0123456-s3alias/t.yaml',
    'https://ap-abcdefghijklmnopqrstuvwxyz0123456-s3alias.s3.eu-west-1.amazonaws.com/t.yaml',
    'https://ap-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/t.yaml',
    `arn:aws:s3:us-east-1:${ACCOUNT}:accesspoint/ap/object/t.yaml`,
    `s3://arn:aws:s3:us-east-1:${ACCOUNT}:accesspoint/ap/t.yaml`,
    'arn:aws:s3:::code/t.yaml',
    's3://code/',
  ])('an object that is spelled %s', async (url) => {
    expect(await isVoided(templateAt(url), put('/code/t.yaml'))).toBe(true)
    expect(
      await isVoided(templated(`{"u":"${url.replaceAll('/', String.raw`\/`)}"}`), put('/code/t.yaml')),
    ).toBe(true)
    const escaped = url.replaceAll(':', String.raw`\u003a`)
    expect(await isVoided(templated(`{"u":"${escaped}"}`), put('/code/t.yaml'))).toBe(true)
    expect(await isVoided(templateAt(url), put('/other-bucket/other.yaml'))).toBe(false)
  })

  const reads = (key: string) =>
    rest('lambda', 'PUT', '/2015-03-31/functions/f/code', { S3Bucket: 'code', S3Key: key })
  const putKey = (key: string) => put(`/code/${key.split('/').map(encodeURIComponent).join('/')}`)

  it.each(['t*', '*', '${*}', 't${*}', 't${', '${a}/t', '${$}', 't?'])(
    'an object that is named %s, character for character',
    async (key) => {
      expect(await isVoided(reads(key), putKey(key))).toBe(true)
      expect(await isVoided(copies(`code/${encodeURIComponent(key)}`), putKey(key))).toBe(true)
    },
  )

  it('no object but the one that a copy names', async () => {
    expect(await isVoided(copies('code/logs/%2A'), putKey('logs/*'))).toBe(true)
    expect(await isVoided(copies('code/logs/%2A'), putKey('logs/t'))).toBe(false)
    expect(await isVoided(copies('code/logs/t'), putKey('logs/*'))).toBe(false)
    expect(await isVoided(copies('code/%24%7B%2A%7D'), putKey('*'))).toBe(false)
  })
})
