import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import type { Proxy } from '../support/proxy.ts'
import { send, signed, type RawRequest } from '../support/raw-http.ts'
import { answerEmptyJson, type RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'

/** Found in nothing that the proxy writes: letters and digits, so that no encoding but base64 hides it. */
const CANARY = 'CanarySecret4711QzXw'
const FORMS = [
  CANARY,
  Buffer.from(CANARY).toString('base64').slice(0, -4),
  Buffer.from(CANARY).toString('hex'),
]

interface Place {
  readonly place: string
  readonly service: string
  readonly request: RawRequest
  /** Added after signing, for what no signer would sign. */
  readonly unsigned?: Readonly<Record<string, string>>
}

const json = (service: string, target: string, input: object, place: string): Place => ({
  place,
  service,
  request: {
    method: 'POST',
    target: '/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body: JSON.stringify(input),
  },
})

const form = (service: string, fields: Record<string, string>, place: string): Place => ({
  place,
  service,
  request: {
    method: 'POST',
    target: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: new URLSearchParams(fields).toString(),
  },
})

const s3 = (
  place: string,
  headers: Record<string, string>,
  target = '/bucket/key',
  unsigned = {},
): Place => ({
  place,
  service: 's3',
  request: { method: 'GET', target, headers },
  unsigned,
})

const PLACES: readonly Place[] = [
  json('secretsmanager', 'secretsmanager.CreateSecret', { Name: 's', SecretString: CANARY }, 'SecretString'),
  json('ssm', 'AmazonSSM.PutParameter', { Name: '/p', Type: 'SecureString', Value: CANARY }, 'SecureString'),
  json(
    'ssm',
    'AmazonSSM.SendCommand',
    { DocumentName: 'AWS-RunShellScript', Parameters: { commands: [CANARY] } },
    'a script',
  ),
  json(
    'dynamodb',
    'DynamoDB_20120810.ExecuteStatement',
    { Statement: `SELECT * FROM t WHERE x='${CANARY}'` },
    'PartiQL',
  ),
  json('athena', 'AmazonAthena.StartQueryExecution', { QueryString: `SELECT '${CANARY}'` }, 'SQL'),
  json(
    'ecs',
    'AmazonEC2ContainerServiceV20141113.NoSuchOperation',
    { secret: CANARY },
    'a call nobody knows',
  ),
  form(
    'ec2',
    {
      Action: 'RunInstances',
      Version: '2016-11-15',
      ImageId: 'ami-1',
      MinCount: '1',
      MaxCount: '1',
      UserData: Buffer.from(CANARY).toString('base64'),
    },
    'UserData',
  ),
  form(
    'iam',
    { Action: 'CreateLoginProfile', Version: '2010-05-08', UserName: 'u', Password: CANARY },
    'a password',
  ),
  form(
    'rds',
    {
      Action: 'CreateDBInstance',
      Version: '2014-10-31',
      DBInstanceIdentifier: 'd',
      MasterUserPassword: CANARY,
    },
    'a database password',
  ),
  s3('an SSE-C key', {
    'x-amz-server-side-encryption-customer-algorithm': 'AES256',
    'x-amz-server-side-encryption-customer-key': Buffer.from(CANARY).toString('base64'),
    'x-amz-server-side-encryption-customer-key-md5': Buffer.from(CANARY).toString('base64'),
  }),
  s3('a session token', { 'x-amz-security-token': CANARY }),
  s3('a cookie', {}, '/bucket/key', { cookie: `session=${CANARY}` }),
  s3('a user agent', {}, '/bucket/key', { 'user-agent': `tool password=${CANARY} Bearer ${CANARY}` }),
  s3('a bearer token', {}, '/bucket/key', { authorization: `Bearer ${CANARY}` }),
  s3('a signature', {}, '/bucket/key', {
    authorization: `AWS4-HMAC-SHA256 Credential=AKIDBUILDER/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${CANARY}`,
  }),
  s3(
    'a presigned query',
    {},
    `/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=${CANARY}&X-Amz-Security-Token=${CANARY}`,
  ),
  s3('a query value', {}, `/bucket?list-type=2&continuation-token=${CANARY}&token=${CANARY}`),
]

describe('a canary secret', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy
  const answers: string[] = []

  beforeAll(async () => {
    const scene = await openScene({ agents: [BUILDER, READER], settings: { log: { level: 'trace' } } })
    ;({ upstream, proxy } = scene)
    return scene.stop
  })

  async function call({ service, request, unsigned }: Place, agent = BUILDER): Promise<void> {
    const ready = await signed(proxy.url, request, { service, agent })
    const headers = { ...ready.headers, ...unsigned }
    const answer = await send(proxy.url, { ...ready, headers })
    answers.push(`${JSON.stringify(answer.headers)}\n${answer.body.toString()}`)
  }

  it.each(PLACES)(
    'in $place of a call that is made, of one refused, and of one that no upstream takes',
    async (place) => {
      const before = await decisions()
      upstream.answer = answerEmptyJson
      await call(place)
      await call(place, READER)
      upstream.answer = (_, reply) => void reply.destroy()
      await call(place)
      // Each left its record, so that there is something to search.
      await expect.poll(decisions, { timeout: 5000 }).toBe(before + 3)
    },
  )

  it("in an upstream's error is shown to the client and kept nowhere", async () => {
    upstream.answer = (_, reply) => {
      reply.writeHead(400, { 'x-amzn-errortype': 'ValidationException', 'x-amzn-requestid': 'r' })
      reply.end(JSON.stringify({ __type: 'ValidationException', message: CANARY }))
    }
    const [place] = PLACES
    if (place === undefined) throw new Error('no place')
    await call(place)
    expect(answers.pop()).toContain(CANARY)
  })

  it('stands in no file of the state directory, no log line, no metric and no answer', async () => {
    const metrics = await (await fetch(`${proxy.adminUrl}/metrics`)).text()
    const secrets = [
      ...FORMS,
      BUILDER.secretAccessKey,
      READER.secretAccessKey,
      'upstream-secret-that-no-agent-has',
    ]
    proxy.signal('SIGTERM')
    await proxy.ended
    const sinks = { log: proxy.log(), metrics, answers: answers.join('\n'), ...filesIn(proxy.stateDir) }
    expect(Object.keys(sinks).some((name) => name.endsWith('.jsonl'))).toBe(true)
    for (const [name, text] of Object.entries(sinks)) {
      for (const secret of secrets) expect(text.includes(secret), `${secret} in ${name}`).toBe(false)
    }
  })

  async function decisions(): Promise<number> {
    const lines = proxy.records()
    return lines.filter(({ phase }) => phase === 'decision').length
  }
})

function filesIn(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)))
  return Object.fromEntries(
    paths.filter((path) => statSync(path).isFile()).map((path) => [path, readFileSync(path, 'latin1')]),
  )
}
