/** X.509-SVIDs: a workload shows its certificate where credentials are given out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:http2'
import { Agent, request } from 'node:https'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { dynamodb } from '../support/clients.ts'
import type { Proxy } from '../support/proxy.ts'
import { awsEnvironment } from '../support/python.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'
import type { OpenedTask } from '../support/tasks.ts'
import { AWS_CLI, CURL, missing } from '../support/tools.ts'
import { TrustDomain, x509, type Issued } from '../support/trust-domain.ts'
import { run } from '../support/workload.ts'

interface Answer {
  readonly status: number | undefined
  readonly json: OpenedTask & {
    readonly code?: string
    readonly message?: string
    readonly AccessKeyId?: string
  }
}

describe('a workload with an X.509-SVID', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-svid-'))
  let domain: TrustDomain
  let server: Issued
  let upstream: RecordingUpstream
  let proxy: Proxy
  beforeAll(async () => {
    domain = await TrustDomain.create('example.org')
    const address = new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])
    server = await domain.svid('/server', { uris: [], extra: [address] })
    const files = {
      'tls.pem': server.cert,
      'tls.key': server.key,
      'bundle.json': JSON.stringify(domain.bundle()),
    }
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    const provider = {
      type: 'spiffe-x509',
      name: 'mesh',
      trustDomain: 'example.org',
      bundle: { file: join(folder, 'bundle.json') },
      rules: [{ match: { path: 'agent/*' }, agent: BUILDER.id }],
    }
    const scene = await openScene({
      settings: {
        listen: {
          agents: '127.0.0.1:0',
          admin: '127.0.0.1:0',
          tls: { cert: join(folder, 'tls.pem'), key: join(folder, 'tls.key') },
        },
        identity: { providers: [provider] },
      },
    })
    ;({ upstream, proxy } = scene)
    return scene.stop
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
  })

  const ca = () => domain.authority.cert

  async function ask(
    target: string,
    chain: readonly Issued[],
    body?: object,
    agent?: Agent,
  ): Promise<Answer> {
    const [leaf] = chain
    const shown = leaf === undefined ? {} : { cert: chain.map(({ cert }) => cert).join('\n'), key: leaf.key }
    const sent = request(`${proxy.url}${target}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json' },
      ca: ca(),
      ...(agent === undefined ? shown : { agent }),
    })
    sent.end(body === undefined ? undefined : JSON.stringify(body))
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: answer.statusCode, json: JSON.parse(await text(answer)) as Answer['json'] }
  }

  const TASKS = '/.moderato/v1/tasks'
  const body = { intent: 'look around' }

  it('opens tasks, and works with their credentials over TLS', async () => {
    const { status, json } = await ask(TASKS, [await domain.svid('/agent/one')], body)
    expect({ status, agent: json.task.agent }).toEqual({ status: 200, agent: BUILDER.id })
    const { accessKeyId, secretAccessKey, sessionToken } = json.credentials
    const requestHandler = new NodeHttpHandler({ httpsAgent: new Agent({ ca: ca() }) })
    const credentials = { accessKeyId, secretAccessKey, sessionToken }
    await dynamodb(proxy.url, BUILDER, { requestHandler, credentials }).send(new ListTablesCommand({}))
    expect(upstream.recorded).toHaveLength(1)
    const opening = await proxy.record((line) => line.operation === 'OpenTask')
    expect(opening).toMatchObject({ agent: BUILDER.id, facts: { task: { openedBy: 'mesh' } } })
  })

  it('opens tasks over HTTP/2', async () => {
    const { cert, key } = await domain.svid('/agent/one')
    const session = connect(proxy.url, { ca: ca(), cert, key })
    const stream = session.request({ ':method': 'POST', ':path': TASKS, 'content-type': 'application/json' })
    stream.end(JSON.stringify(body))
    const answer = JSON.parse(await text(stream)) as OpenedTask
    expect(answer.task.agent).toBe(BUILDER.id)
    session.destroy()
  })

  it('is believed with what is between it and its authority, on every connection', async () => {
    const between = await domain.intermediate()
    const chain = [await domain.svid('/agent/one', {}, between), between]
    const agent = new Agent({
      cert: chain.map(({ cert }) => cert).join('\n'),
      key: chain[0]?.key,
      ca: ca(),
      maxCachedSessions: 10,
    })
    for (let connection = 0; connection < 3; connection += 1) {
      expect(await ask(TASKS, chain, body, agent)).toMatchObject({ status: 200 })
    }
  })

  it('is refused under another authority, without a rule, or without a certificate', async () => {
    const other = await TrustDomain.create('example.org')
    const foreign = await TrustDomain.create('other.example')
    const refusals = [
      await ask(TASKS, [await other.svid('/agent/one'), other.authority], body),
      await ask(TASKS, [await foreign.svid('/agent/one')], body),
      await ask(TASKS, [await domain.svid('/stranger')], body),
      await ask(TASKS, [await domain.svid('/agent/one', { notAfter: new Date(Date.now() - 1000) })], body),
      await ask(TASKS, [], body),
    ]
    const reasons = [
      'identity_signature',
      'identity_unknown_issuer',
      'identity_unmapped',
      'identity_expired',
      'missing_credential',
    ]
    for (const [index, reason] of reasons.entries()) {
      expect(refusals[index]?.status).toBe(403)
      expect(refusals[index]?.json.message).toContain(reason)
    }
  })

  it('fetches credentials of a task that it names, again and again until that has ended', async () => {
    const chain = [await domain.svid('/agent/one')]
    const place = '/.moderato/v1/credentials?task=nightly-7'
    const [first, again] = [await ask(place, chain), await ask(place, chain)]
    expect(first).toMatchObject({
      status: 200,
      json: { Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) },
    })
    expect(again.status).toBe(200)
    expect(again.json.AccessKeyId).not.toBe(first.json.AccessKeyId)
    expect((await ask(`${TASKS}/nightly-7/complete`, chain, {})).status).toBe(200)
    expect((await ask(place, chain)).json.message).toContain('revoked')
    expect((await ask('/.moderato/v1/credentials', chain)).json.message).toContain('malformed_request')
    expect((await ask(place, [])).json.message).toContain('missing_credential')
  })

  it.skipIf(missing(AWS_CLI, CURL))('gives the AWS CLI its credentials by credential_process', async () => {
    const { cert, key } = await domain.svid('/agent/one')
    const at = (name: string) => join(folder, name)
    for (const [name, content] of Object.entries({ 'svid.pem': cert, 'svid.key': key, 'ca.pem': ca() }))
      writeFileSync(at(name), content)
    const place = `${proxy.url}/.moderato/v1/credentials?task=cli-by-process`
    const fetch = `curl -sS --cert ${at('svid.pem')} --key ${at('svid.key')} --cacert ${at('ca.pem')} ${place}`
    writeFileSync(at('config'), `[default]\nregion = us-east-1\ncredential_process = ${fetch}\n`)
    const { AWS_ACCESS_KEY_ID: _key, AWS_SECRET_ACCESS_KEY: _secret, ...env } = awsEnvironment(proxy.url)
    const mine = { ...env, AWS_CONFIG_FILE: at('config'), AWS_CA_BUNDLE: at('ca.pem') }
    await run(['aws', 'dynamodb', 'list-tables'], mine)
    expect(
      await proxy.record(({ operation, task }) => operation === 'ListTables' && task === 'cli-by-process'),
    ).toMatchObject({
      agent: BUILDER.id,
      decision: 'allow',
    })
  })
})
