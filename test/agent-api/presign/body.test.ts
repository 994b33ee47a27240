import { describe, expect, it } from 'vitest'
import { refused } from '../agent-requests.ts'

const SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const eks = { type: 'eks-token', cluster: 'dev' }
const rds = {
  type: 'rds-token',
  host: 'orders.c1a2b3c4d5e6.us-east-1.rds.amazonaws.com',
  port: 5432,
  user: 'app',
}
const cache = { type: 'elasticache-token', cache: 'sessions', user: 'app' }
const get = { type: 's3-url', method: 'GET', bucket: 'own', key: 'report.csv' }
const put = { ...get, method: 'PUT', contentLength: 4, sha256: SHA256 }

/** Presigning that an SDK offers, and that is not on the list. */
const notListed: Record<string, object> = {
  'any URL': { type: 'url', url: 'https://sts.amazonaws.com/?Action=GetSessionToken' },
  'a POST policy': { type: 's3-post', bucket: 'own', key: 'k' },
  'deletion of an object': { ...get, method: 'DELETE' },
  'an upload in parts': { ...get, method: 'POST' },
  'a method in lower case': { ...get, method: 'get' },
  AssumeRole: { type: 'sts', action: 'AssumeRole' },
  'a Polly stream': { type: 'polly-url', text: 'x' },
  'a MemoryDB token': { type: 'memorydb-token', cluster: 'c', user: 'u' },
  'a DSQL token': { type: 'dsql-token', host: 'h' },
  'an IoT websocket': { type: 'iot-url' },
  'a type of another case': { ...eks, type: 'EKS-TOKEN' },
  'a name of every object': { type: '__proto__' },
}

const malformed: Record<string, unknown> = {
  'no JSON': '{',
  'no object': '"eks-token"',
  null: 'null',
  'a list': [eks],
  'an empty body': '',
  'no type': { cluster: 'dev' },
  'a type that is no text': { type: ['eks-token'], cluster: 'dev' },
  'invalid UTF-8': Buffer.from('{"type":"eks-token","cluster":"\xff"}', 'latin1'),
  'a member twice': '{"type":"eks-token","cluster":"dev","cluster":"prod"}',
  'a member twice, once escaped': '{"type":"eks-token","cluster":"dev","cluste\\u0072":"prod"}',
  'a prototype': '{"type":"eks-token","cluster":"dev","__proto__":{"expiresSeconds":900}}',
  headers: { ...eks, headers: { 'x-k8s-aws-id': 'prod' } },
  'a query': { ...eks, query: 'Action=AssumeRole' },
  'an action': { ...eks, action: 'AssumeRole' },
  'a region beside that of the signature': { ...eks, region: 'eu-west-1' },
  'a host for EKS': { ...eks, host: 'sts.example.org' },

  'no cluster': { type: 'eks-token' },
  'several clusters': { ...eks, cluster: ['dev', 'prod'] },
  'a pattern of clusters': { ...eks, cluster: '*' },
  'a cluster with a line end': { ...eks, cluster: 'dev\nx-amz-date:20261124T000000Z' },
  'a cluster with a last line end': { ...eks, cluster: 'dev\n' },
  'a cluster with a slash': { ...eks, cluster: 'dev/../prod' },
  'a cluster in percent-encoding': { ...eks, cluster: 'de%76' },
  'a cluster with a blank': { ...eks, cluster: ' dev' },
  'a longer EKS token': { ...eks, expiresSeconds: 61 },
  'a token of no time': { ...eks, expiresSeconds: 0 },
  'a token of negative time': { ...eks, expiresSeconds: -1 },
  'a time in parts of a second': { ...eks, expiresSeconds: 1.5 },
  'a time as text': { ...eks, expiresSeconds: '60' },
  'a time that is no number': '{"type":"eks-token","cluster":"dev","expiresSeconds":1e999}',

  'a host with a port': { ...rds, host: `${rds.host}:5432` },
  'a host with a user': { ...rds, host: `x@${rds.host}` },
  'a host with a path': { ...rds, host: `${rds.host}/` },
  'a host with a query': { ...rds, host: `${rds.host}?` },
  'a host with a fragment': { ...rds, host: `evil.test#${rds.host}` },
  'a host in percent-encoding': { ...rds, host: `%65${rds.host}` },
  'a host with a line end': { ...rds, host: `${rds.host}\r\nx: y` },
  'a host in upper case': { ...rds, host: rds.host.toUpperCase() },
  'a host with other letters': { ...rds, host: rds.host.replace('o', 'о') },
  'a port as text': { ...rds, port: '5432' },
  'a port that is none': { ...rds, port: 65_536 },
  'no port': { type: 'rds-token', host: rds.host, user: 'app' },
  'a user with more parameters': { ...rds, user: 'app&Action=other' },
  'a user in percent-encoding': { ...rds, user: 'app%26' },
  'a pattern of users': { ...rds, user: '*' },
  'a user with a slash': { ...rds, user: 'db-1/app' },
  'a user with a colon': { ...rds, user: 'app:x' },
  'a user with a policy variable': { ...rds, user: '${aws:username}' },
  'a user with a line end': { ...rds, user: 'app\n' },
  'a longer RDS token': { ...rds, expiresSeconds: 901 },

  'a cache with a host': { ...cache, cache: 'evil.test' },
  'a cache with a path': { ...cache, cache: 'a/b' },
  'a cache in upper case': { ...cache, cache: 'Sessions' },
  'a pattern of caches': { ...cache, cache: 'sess*' },
  'a cache user with more parameters': { ...cache, user: 'app&ResourceType=ServerlessCache' },
  'a resource type of its own': { ...cache, ResourceType: 'ServerlessCache' },
  'serverless as text': { ...cache, serverless: 'true' },
  'a longer cache token': { ...cache, expiresSeconds: 901 },

  'no key': { type: 's3-url', method: 'GET', bucket: 'own' },
  'the whole bucket': { ...get, key: '' },
  'a key that goes up': { ...get, key: '../other/secret' },
  'a key that goes up within': { ...get, key: 'a/../../other/secret' },
  'a key with a segment of one dot': { ...get, key: 'a/./b' },
  'a key that ends with dots': { ...get, key: 'a/..' },
  'a key with a null byte': { ...get, key: 'a\0b' },
  'a key with a line end': { ...get, key: 'a\r\nx-amz-acl:public-read' },
  'a key with a C1 control': { ...get, key: 'a\u0085b' },
  'a key with half a character': '{"type":"s3-url","method":"GET","bucket":"own","key":"a\\ud800"}',
  'a key that is too long': { ...get, key: 'é'.repeat(513) },
  'a bucket with a slash': { ...get, bucket: 'own/..' },
  'a bucket in percent-encoding': { ...get, bucket: 'ow%6e' },
  'a bucket in upper case': { ...get, bucket: 'Own' },
  'an address as bucket': { ...get, bucket: '127.0.0.1' },
  'an access point': { ...get, bucket: 'arn:aws:s3:us-east-1:123456789012:accesspoint/ap' },
  'an alias of an access point': { ...get, bucket: 'ap-123456789012-s3alias' },
  'a directory bucket': { ...get, bucket: 'own--use1-az4--x-s3' },
  'a multi-region access point': { ...get, bucket: 'mfzwi23gnjvgw.mrap' },
  'a version': { ...get, versionId: 'v1' },
  'another content type in the answer': { ...get, 'response-content-type': 'text/html' },
  'a sub-resource': { ...get, query: 'acl' },
  'GET with a body': { ...get, contentLength: 4, sha256: SHA256 },
  'PUT without a length': { ...get, method: 'PUT', sha256: SHA256 },
  'PUT without a hash': { ...get, method: 'PUT', contentLength: 4 },
  'PUT of whatever body': { ...put, sha256: 'UNSIGNED-PAYLOAD' },
  'PUT of chunks': { ...put, sha256: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
  'PUT with a hash in upper case': { ...put, sha256: SHA256.toUpperCase() },
  'PUT of a negative length': { ...put, contentLength: -1 },
  'PUT with an ACL': { ...put, acl: 'public-read' },
  'PUT of a copy': { ...put, 'x-amz-copy-source': '/other/secret' },
  'a longer URL': { ...get, expiresSeconds: 901 },
}

describe('the signing endpoint', () => {
  it.each(Object.entries(notListed))('refuses in words what is not on its list: %s', async (_, body) => {
    const denial = await refused(body)
    expect(denial.reason).toBe('unclassified')
    expect(denial.message).toMatch(/signs only: eks-token.*make the call through Moderato/)
  })

  it.each(Object.entries(malformed))('refuses %s', async (_, body) => {
    expect((await refused(body)).reason).toBe('malformed_request')
  })

  it('says which member is wrong', async () => {
    const { message } = await refused({ ...get, key: 'a/../b', expiresSeconds: 901 })
    expect(message).toBe(
      'key: must have no segment "." or "../..". expiresSeconds: must be at most 900 seconds.',
    )
  })
})
