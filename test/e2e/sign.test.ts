/** The signing endpoint as real clients use it, with an emulator behind. */
import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { byBotocore, parts } from '../agent-api/oracle.ts'
import { BUILDER } from '../support/agents.ts'
import { s3 } from '../support/clients.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { awsEnvironment, boto3 } from '../support/python.ts'
import { ask } from '../support/signing-endpoint.ts'
import { AWS_CLI, BOTO3, missing, MOTO } from '../support/tools.ts'

const UPSTREAM = {
  id: '',
  accessKeyId: 'AKIAUPSTREAM',
  secretAccessKey: 'upstream-secret-that-no-agent-has',
  grants: [],
}
const KEY = 'reports/2026 é+%41.csv'

/** botocore's own signer, with the service `moderato`; any HTTP library sends it. */
const SIGN_WITH_BOTOCORE = `
import os, urllib.request
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
def sign_for_others(**asked):
    request = AWSRequest('POST', os.environ['AWS_ENDPOINT_URL'] + '/.moderato/v1/sign', data=json.dumps(asked).encode(),
                         headers={'Content-Type': 'application/json'})
    key = Credentials(os.environ['AWS_ACCESS_KEY_ID'], os.environ['AWS_SECRET_ACCESS_KEY'])
    SigV4Auth(key, 'moderato', 'us-east-1').add_auth(request)
    prepared = request.prepare()
    sent = urllib.request.Request(prepared.url, prepared.body, dict(prepared.headers.items()), method='POST')
    return json.load(urllib.request.urlopen(sent))
`

describe.skipIf(missing(MOTO, BOTO3))('the signing endpoint', () => {
  let moto = ''
  let proxy: Proxy
  beforeAll(async () => {
    moto = await freshMoto()
    proxy = await startProxy({ upstream: moto, settings: { upstream: { accountId: '123456789012' } } })
    await boto3(moto, `result = client('s3').create_bucket(Bucket='own')`, UPSTREAM)
    await s3(proxy.url).send(new PutObjectCommand({ Bucket: 'own', Key: KEY, Body: 'the report' }))
  })
  afterAll(() => proxy?.stop())

  it('gives boto3 a URL of S3 that whoever has it can read', async () => {
    const made = (await boto3(
      proxy.url,
      `${SIGN_WITH_BOTOCORE}
made = sign_for_others(type='s3-url', method='GET', bucket='own', key=${JSON.stringify(KEY)}, expiresSeconds=120)
body = urllib.request.urlopen(made['url']).read().decode()
result = {**made, 'body': body}`,
    )) as Record<string, string>
    expect(made).toMatchObject({ method: 'GET', headers: {}, expiresSeconds: 120, body: 'the report' })
    expect(new URL(made['url'] ?? '').origin).toBe(moto)
  })

  it('gives a URL to put exactly the bytes that were named', async () => {
    const body = 'a,b\n1,2\n'
    const asked = {
      type: 's3-url',
      method: 'PUT',
      bucket: 'own',
      key: 'in/x.csv',
      contentLength: body.length,
    }
    const { status, json } = await ask(proxy, { ...asked, sha256: hash('sha256', body, 'hex') })
    expect(status).toBe(200)
    const { url, method, headers } = json as { url: string; method: string; headers: Record<string, string> }
    expect((await fetch(url, { method, headers, body })).status).toBe(200)
    const stored = await s3(proxy.url).send(new GetObjectCommand({ Bucket: 'own', Key: 'in/x.csv' }))
    expect(await stored.Body?.transformToString()).toBe(body)
  })

  it('gives a URL to ask for an object', async () => {
    const { json } = await ask(proxy, { type: 's3-url', method: 'HEAD', bucket: 'own', key: KEY })
    const head = await fetch(String(json['url']), { method: 'HEAD' })
    expect(head.headers.get('content-length')).toBe(String('the report'.length))
  })

  it('gives a token for EKS, signed by the upstream', async () => {
    const { json } = await ask(proxy, { type: 'eks-token', cluster: 'dev' })
    const ours = parts(String(json['token']))
    const amzDate = ours.parameters['X-Amz-Date'] ?? ''
    const { accessKeyId: key, secretAccessKey: secret } = UPSTREAM
    const job = { asked: { type: 'eks-token', cluster: 'dev' }, amzDate, region: 'us-east-1', key, secret }
    expect(ours).toEqual(parts(byBotocore(job)))
  })

  it.skipIf(missing(AWS_CLI))('gives what `aws eks get-token` gives, but for the time', async () => {
    const { json } = await ask(proxy, { type: 'eks-token', cluster: 'dev' })
    const { AWS_ENDPOINT_URL: _, ...env } = awsEnvironment('', UPSTREAM)
    const { stdout } = await promisify(execFile)('aws', ['eks', 'get-token', '--cluster-name', 'dev'], {
      env,
    })
    const theirs = (JSON.parse(stdout) as { status: { token: string } }).status.token
    expect(timeless(String(json['token']))).toEqual(timeless(theirs))
  })

  it('counts and records what it signs as the call that it is', async () => {
    const { requestId } = await ask(proxy, { type: 'eks-token', cluster: 'dev' })
    expect(await proxy.decision(requestId)).toMatchObject({
      service: 'sts',
      operation: 'GetCallerIdentity',
      class: 'credentials',
      resources: ['arn:aws:eks:*:123456789012:cluster/dev'],
      agent: BUILDER.id,
    })
    const labels = { service: 'sts', class: 'credentials', decision: 'allow' }
    expect(await proxy.metric('moderato_requests_total', labels)).toBeGreaterThan(0)
  })

  it('signs with a session of its own where it has a role for it', async () => {
    const roleArn = 'arn:aws:iam::123456789012:role/signing'
    const narrow = await startProxy({ upstream: moto, settings: { upstream: { signing: { roleArn } } } })
    const first = await ask(narrow, { type: 's3-url', method: 'GET', bucket: 'own', key: KEY })
    const second = await ask(narrow, { type: 's3-url', method: 'GET', bucket: 'own', key: KEY })
    const decision = await narrow.decision(first.requestId)
    await narrow.stop()
    const credentials = [first, second].map(({ json }) => parts(String(json['url'])).parameters)
    for (const each of credentials) {
      expect(each['X-Amz-Credential']).toMatch(/^ASIA/)
      expect(each['X-Amz-Security-Token']).toBeTruthy()
      expect(Number(each['X-Amz-Expires'])).toBeLessThanOrEqual(900)
    }
    expect(credentials[0]?.['X-Amz-Credential']).not.toBe(credentials[1]?.['X-Amz-Credential'])
    expect(await (await fetch(String(first.json['url']))).text()).toBe('the report')
    expect(decision).toMatchObject({ facts: { handOn: { type: 's3-url', narrowed: true } } })
  })
})

/** What does not change from one second to the next. */
function timeless(token: string) {
  const { place, parameters } = parts(token)
  const { 'X-Amz-Date': date, 'X-Amz-Signature': signature, ...rest } = parameters
  return { place, lengths: [date?.length, signature?.length], ...rest }
}
