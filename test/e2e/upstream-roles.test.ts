import { execFileSync } from 'node:child_process'
import {
  DeleteTableCommand,
  DescribeTableCommand,
  GetItemCommand,
  ListTablesCommand,
} from '@aws-sdk/client-dynamodb'
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterEach, describe, expect, it } from 'vitest'
import { iamAllows } from '../credentials/iam.ts'
import { BUILDER, READER, TENANT, UPSTREAM_KEY } from '../support/agents.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { ask } from '../support/signing-endpoint.ts'
import { refuse, startSts, type StsUpstream } from '../support/sts.ts'
import { askTasks, type TaskCredentials } from '../support/tasks.ts'
import { missing, MOTO } from '../support/tools.ts'
import { expectNextStep, refused } from './denial-check.ts'

const OWN = '111122223333'
const OTHER = '444455556666'
const WORKER = `arn:aws:iam::${OWN}:role/worker`
const GUEST = `arn:aws:iam::${OTHER}:role/guest`
const TABLE = `arn:aws:dynamodb:us-east-1:${OWN}:table/orders`

let sts: StsUpstream
let proxy: Proxy
afterEach(async () => {
  await proxy?.stop()
  await sts?.upstream.stop()
})

async function start(
  roles: readonly object[] = [{ roleArn: WORKER, externalId: 'ext-1' }],
  answer?: Parameters<typeof startSts>[0],
): Promise<void> {
  sts = await startSts(answer)
  proxy = await startProxy({
    upstream: sts.upstream.url,
    agents: [BUILDER, READER, TENANT],
    settings: { upstream: { accountId: OWN, roles } },
  })
}

async function opened(body: object): Promise<TaskCredentials> {
  const { status, json } = await askTasks(proxy, BUILDER, { intent: 'look around', ...body })
  expect({ status, message: json.message }).toEqual({ status: 200, message: undefined })
  return json.credentials
}

const client = ({ accessKeyId, secretAccessKey, sessionToken }: TaskCredentials) =>
  dynamodb(proxy.url, BUILDER, {
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    maxAttempts: 1,
  })
const getItem = new GetItemCommand({ TableName: 'orders', Key: { id: { S: '1' } } })

describe('a call with an upstream role', () => {
  it('is made by a session that STS was asked for in full: policy, tags, source identity, name, time', async () => {
    await start()
    const grants = [{ classes: ['read'], resources: [TABLE] }]
    const task = {
      id: 'fix-7',
      ticket: 'OPS-12',
      justification: 'orders are late',
      grants,
      durationSeconds: 1200,
    }
    await client(await opened(task)).send(getItem)
    const [assumed, ...others] = sts.assumed()
    expect(others).toEqual([])
    expect(assumed).toMatchObject({
      signer: UPSTREAM_KEY.accessKeyId,
      form: {
        Action: 'AssumeRole',
        RoleArn: WORKER,
        RoleSessionName: 'fix-7',
        ExternalId: 'ext-1',
        SourceIdentity: expect.stringMatching(/^spiffe---example\.org-agent-builder-[0-9a-f]{16}$/),
      },
      tags: {
        'moderato:agent': BUILDER.id,
        'moderato:task': 'fix-7',
        'moderato:ticket': 'OPS-12',
        'moderato:justification': expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    })
    expect(assumed?.transitive.toSorted()).toEqual(Object.keys(assumed?.tags ?? {}).toSorted())
    const seconds = Number(assumed?.form['DurationSeconds'])
    expect(seconds).toBeGreaterThan(1100)
    expect(seconds).toBeLessThanOrEqual(1200)
    const policy = assumed?.policy ?? ''
    expect(iamAllows(policy, 'dynamodb:GetItem', TABLE)).toBe(true)
    expect(iamAllows(policy, 'dynamodb:GetItem', TABLE.replace('orders', 'users'))).toBe(false)
    expect(iamAllows(policy, 'dynamodb:PutItem', TABLE)).toBe(false)
    expect(sts.calls()).toMatchObject([
      { signer: 'ASIAROLE1', token: 'token-1', target: 'DynamoDB_20120810.GetItem' },
    ])
    const record = await proxy.record(({ operation }) => operation === 'GetItem')
    expect(record['facts']).toMatchObject({ upstream: { role: WORKER, policy: 'task' } })
  })

  it('is never made with the session of another task, also at the same time', async () => {
    await start()
    const ids = ['task-one', 'task-two', 'task-one', 'task-two']
    const [one, two] = [await opened({ id: 'task-one' }), await opened({ id: 'task-two' })]
    await Promise.all(
      ids.map((id) =>
        client(id === 'task-one' ? one : two).send(new DescribeTableCommand({ TableName: `table-of-${id}` })),
      ),
    )
    const names = sts.assumed().map(({ form }) => form['RoleSessionName'])
    expect(new Set(names)).toEqual(new Set(['task-one', 'task-two']))
    expect(names).toHaveLength(2)
    const calls = sts.calls()
    expect(calls).toHaveLength(4)
    for (const { signer, body } of calls) {
      const of = names[Number(signer.replace('ASIAROLE', '')) - 1]
      expect(JSON.parse(body)).toEqual({ TableName: `table-of-${of}` })
    }
  })

  it('is judged and made in the account of the role that its rule picks, the first that fits', async () => {
    await start([
      { agents: [TENANT.id], roleArn: GUEST },
      { roleArns: [`arn:aws:iam::${OTHER}:role/*`], roleArn: GUEST },
      { accounts: [OWN], roleArn: WORKER },
    ])
    const named = await opened({ id: 'abroad', roleArn: `arn:aws:iam::${OTHER}:role/whatever` })
    await client(named).send(getItem)
    await dynamodb(proxy.url, READER).send(getItem)
    expect(sts.assumed().map(({ form }) => form['RoleArn'])).toEqual([GUEST, WORKER])
    const abroad = await proxy.record(({ task, operation }) => task === 'abroad' && operation === 'GetItem')
    expect(abroad.resources).toEqual([TABLE.replace(OWN, OTHER)])
    // What the tenant was granted in one account it has not in another.
    const thrown = await thrownBy(
      s3(proxy.url, TENANT).send(new GetObjectCommand({ Bucket: 'foreign', Key: 'k' })),
    )
    expect(thrown.name).toBe('AccessDenied')
    const own = new GetItemCommand({ TableName: 'own', Key: { id: { S: '1' } } })
    expect((await thrownBy(dynamodb(proxy.url, TENANT).send(own))).name).toBe('AccessDeniedException')
    expect(sts.assumed()).toHaveLength(2)
  })

  it('gets a policy of its own where STS takes the task’s for too large', async () => {
    await start(undefined, ({ policy }, reply) =>
      policy.includes('"dynamodb:*"') ? refuse(reply, 400, 'PackedPolicyTooLarge') : false,
    )
    await dynamodb(proxy.url).send(getItem)
    const [first, second, ...others] = sts.assumed()
    expect(others).toEqual([])
    expect(iamAllows(first?.policy ?? '', 'dynamodb:DeleteTable', TABLE)).toBe(true)
    expect(iamAllows(second?.policy ?? '', 'dynamodb:GetItem', TABLE)).toBe(true)
    expect(iamAllows(second?.policy ?? '', 'dynamodb:DeleteTable', TABLE)).toBe(false)
    const record = await proxy.record(({ operation }) => operation === 'GetItem')
    expect(record['facts']).toMatchObject({ upstream: { role: WORKER, policy: 'call' } })
  })

  it('is not made if its task ends while STS is asked', async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    await start(undefined, async () => {
      ask()
      await ended
      return false
    })
    const credentials = await opened({ id: 'short' })
    const { result } = await refused(proxy, 'revoked', async () => {
      const held = thrownBy(client(credentials).send(getItem))
      await asked
      await askTasks(proxy, BUILDER, undefined, { method: 'DELETE', target: '/.moderato/v1/tasks/short' })
      end()
      return held
    })
    expect(result.name).toMatch(/ExpiredToken/)
    expect(sts.calls()).toEqual([])
  })
})

describe('a call whose upstream credentials cannot be had', () => {
  it('upstream_credentials: what an SDK throws where STS refuses; nothing is forwarded', async () => {
    await start(undefined, (_, reply) => refuse(reply, 403, 'AccessDenied'))
    const call = new DeleteTableCommand({ TableName: 'orders' })
    const once = { maxAttempts: 1 }
    const { result, record } = await refused(proxy, 'upstream_credentials', () =>
      thrownBy(dynamodb(proxy.url, BUILDER, once).send(call)),
    )
    expect(result).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    expect(result.message).toContain(`${WORKER} could not be assumed: AccessDenied.`)
    expectNextStep(result, 'upstream_credentials')
    expect(record).toMatchObject({ phase: 'decision', operation: 'DeleteTable', decision: 'error' })
    const again = await thrownBy(dynamodb(proxy.url, BUILDER, once).send(call))
    expect(again.message).toContain('it is tried again in 1 s')
    expect(sts.assumed()).toHaveLength(1)
    expect(sts.calls()).toEqual([])
  })

  it('is refused where no rule fits, and made with plain credentials only where one says so', async () => {
    await start([
      { agents: [READER.id], accounts: [OWN], plain: true },
      { agents: [TENANT.id], roleArn: WORKER },
    ])
    const { result } = await refused(proxy, 'upstream_credentials', () =>
      thrownBy(dynamodb(proxy.url, BUILDER, { maxAttempts: 1 }).send(getItem)),
    )
    expect(result.message).toContain(
      `No rule of upstream.roles fits: its task named no role, in account ${OWN}.`,
    )
    expect(sts.upstream.arrived).toEqual([])
    await dynamodb(proxy.url, READER).send(new ListTablesCommand({}))
    expect(sts.calls().map(({ signer }) => signer)).toEqual([UPSTREAM_KEY.accessKeyId])
    const record = await proxy.record(({ operation }) => operation === 'ListTables')
    expect(record['facts']).toMatchObject({ upstream: 'plain' })
  })

  it('is marked plain where no role was configured at all', async () => {
    await start([])
    await dynamodb(proxy.url).send(getItem)
    const record = await proxy.record(({ operation }) => operation === 'GetItem')
    expect(record['facts']).toMatchObject({ upstream: 'plain' })
    expect(sts.assumed()).toEqual([])
  })
})

describe('what the signing endpoint signs', () => {
  it('is signed by a session of the rule’s role that can do that one thing, or by none', async () => {
    await start([{ agents: [BUILDER.id], roleArn: GUEST }])
    const asked = { type: 's3-url', method: 'GET', bucket: 'own', key: 'report' }
    const { json, requestId } = await ask(proxy, asked)
    expect(String(json['url'])).toContain('X-Amz-Credential=ASIAROLE1%2F')
    const [assumed] = sts.assumed()
    expect(assumed?.form).toMatchObject({ RoleArn: GUEST, DurationSeconds: '900' })
    expect(assumed?.tags).toEqual({ 'moderato:agent': BUILDER.id })
    expect(iamAllows(assumed?.policy ?? '', 's3:GetObject', 'arn:aws:s3:::own/report')).toBe(true)
    expect(iamAllows(assumed?.policy ?? '', 's3:GetObject', 'arn:aws:s3:::own/other')).toBe(false)
    expect(await proxy.decision(requestId)).toMatchObject({ facts: { handOn: { narrowed: true } } })
    const eks = await ask(proxy, { type: 'eks-token', cluster: 'dev' })
    expect((await proxy.decision(eks.requestId)).resources).toEqual([`arn:aws:eks:*:${OTHER}:cluster/dev`])
    const refusal = await ask(proxy, asked, { agent: READER })
    expect(refusal.status).toBeGreaterThanOrEqual(400)
    expect(sts.assumed()).toHaveLength(2)
  })
})

/** Fails for a policy that IAM would call malformed, by what moto knows of IAM's grammar. */
const VALIDATE = `
import json, sys
from moto.iam.policy_validation import IAMPolicyDocumentValidator
for policy in json.load(sys.stdin):
    IAMPolicyDocumentValidator(policy).validate()
`

describe.skipIf(missing(MOTO))('with moto', () => {
  it('a role is assumed, and works', async () => {
    sts = await startSts()
    const settings = {
      upstream: { accountId: '123456789012', roles: [{ roleArn: WORKER.replace(OWN, '123456789012') }] },
    }
    proxy = await startProxy({ upstream: await freshMoto(), settings })
    const client = s3(proxy.url)
    await client.send(new CreateBucketCommand({ Bucket: 'roles' }))
    await client.send(new PutObjectCommand({ Bucket: 'roles', Key: 'a b*?', Body: 'hello' }))
    const got = await client.send(new GetObjectCommand({ Bucket: 'roles', Key: 'a b*?' }))
    expect(await got.Body?.transformToString()).toBe('hello')
    const record = await proxy.record(({ operation }) => operation === 'PutObject')
    expect(record['facts']).toMatchObject({ upstream: { policy: 'task' } })
  })

  it('every kind of policy is one that IAM takes', async () => {
    await start()
    const scoped = [
      { classes: ['read', 'write'], resources: ['arn:aws:s3:::prod-*', 'arn:*:s3:::a?', TABLE] },
    ]
    await s3(proxy.url).send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'x' }))
    await dynamodb(proxy.url, READER).send(getItem)
    await client(await opened({ grants: scoped })).send(getItem)
    const keys = Array.from({ length: 3 }, (_, i) => ({ Key: `${i}${'?'.repeat(i)}` }))
    await thrownBy(s3(proxy.url).send(new DeleteObjectsCommand({ Bucket: 'b', Delete: { Objects: keys } })))
    const { json } = await ask(proxy, { type: 's3-url', method: 'GET', bucket: 'own', key: 'a*é"b' })
    expect(json['url']).toBeTruthy()
    const policies = [...new Set(sts.assumed().map(({ policy }) => policy))]
    expect(policies.length).toBeGreaterThanOrEqual(4)
    execFileSync('python3', ['-c', VALIDATE], {
      input: JSON.stringify(policies),
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  })
})
