/** Identities of a real SPIRE: its Workload API vouches, and its SVIDs open tasks. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { ran } from '../support/running.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { missingSpire, Spire, TRUST_DOMAIN, WORKLOAD } from '../support/spire.ts'
import type { OpenedTask } from '../support/tasks.ts'
import { TrustDomain, x509 } from '../support/trust-domain.ts'
import { exchange } from '../support/workload.ts'
import { opened } from '../identity/providers/providers.ts'

describe.skipIf(missingSpire())('a workload of SPIRE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-of-spire-'))
  let spire: Spire
  let upstream: RecordingUpstream
  let proxy: Proxy
  let ca: string
  beforeAll(async () => {
    spire = await Spire.start()
    upstream = await RecordingUpstream.start()
    // Of its own authority: workloads trust the listener by other means than it trusts them.
    const own = await TrustDomain.create('listener.example')
    const address = new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])
    const server = await own.svid('/', { uris: [], extra: [address] })
    ca = own.authority.cert
    const tls = { cert: join(folder, 'tls.pem'), key: join(folder, 'tls.key') }
    writeFileSync(tls.cert, server.cert)
    writeFileSync(tls.key, server.key)
    const of = {
      trustDomain: TRUST_DOMAIN,
      bundle: { workloadApi: `unix://${spire.socket}` },
      rules: [{ match: { path: 'agent/*' }, agent: BUILDER.id }],
    }
    proxy = await startProxy({
      upstream: upstream.url,
      settings: {
        listen: { agents: '127.0.0.1:0', admin: '127.0.0.1:0', tls },
        identity: {
          providers: [
            { ...of, type: 'spiffe-jwt', name: 'tokens', audience: 'moderato' },
            { ...of, type: 'spiffe-x509', name: 'certificates' },
          ],
        },
      },
    })
    // The bundles come over streams, which may open a moment after the listener.
    await vi.waitFor(
      async () => expect((await openTask({ bearer: await spire.jwtSvid('moderato') })).status).toBe(200),
      {
        timeout: 20_000,
        interval: 500,
      },
    )
  }, 120_000)
  afterAll(async () => {
    await proxy?.stop()
    await upstream?.stop()
    await spire?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function openTask({ bearer, cert, key }: { bearer?: string; cert?: string; key?: string }) {
    const sent = request(`${proxy.url}/.moderato/v1/tasks`, {
      method: 'POST',
      ca,
      headers: {
        'content-type': 'application/json',
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      },
      ...(cert === undefined || key === undefined
        ? {}
        : { cert: readFileSync(cert), key: readFileSync(key) }),
    })
    sent.end(JSON.stringify({ intent: 'look around' }))
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    const json = JSON.parse(await text(answer)) as OpenedTask & { message?: string }
    return { status: answer.statusCode, json }
  }

  it('opens a task with its JWT-SVID, and works with the credentials', async () => {
    const { status, json } = await openTask({ bearer: await spire.jwtSvid('moderato') })
    expect({ status, agent: json.task.agent }).toEqual({ status: 200, agent: BUILDER.id })
    const { accessKeyId, secretAccessKey, sessionToken } = json.credentials
    const requestHandler = new NodeHttpHandler({ httpsAgent: new Agent({ ca }) })
    const credentials = { accessKeyId, secretAccessKey, sessionToken }
    await dynamodb(proxy.url, BUILDER, { requestHandler, credentials }).send(new ListTablesCommand({}))
    expect(upstream.recorded).toHaveLength(1)
  })

  it('is who moderato run works as, with nothing but the socket', async () => {
    const authority = join(folder, 'listener-ca.pem')
    writeFileSync(authority, ca)
    const client = `
      const { DynamoDBClient, ListTablesCommand } = require('@aws-sdk/client-dynamodb')
      new DynamoDBClient({}).send(new ListTablesCommand({})).then(() => console.log('listed'))`
    const done = await ran(
      ['run', '--same-user', '--task', 'from a socket', '--', process.execPath, '-e', client],
      {
        PATH: process.env['PATH'] ?? '',
        HOME: folder,
        MODERATO_PROXY: proxy.url,
        MODERATO_CA: authority,
        SPIFFE_ENDPOINT_SOCKET: `unix://${spire.socket}`,
        AWS_REGION: 'us-east-1',
      },
    )
    expect(done).toMatchObject({
      code: 0,
      out: 'listed\n',
      err: expect.stringContaining('1 call, 0 refused; ended'),
    })
  })

  it('opens a task with its X.509-SVID', async () => {
    const { status, json } = await openTask(await spire.x509Svid())
    expect({ status, agent: json.task.agent }).toEqual({ status: 200, agent: BUILDER.id })
    const opening = await proxy.record(({ facts }) =>
      JSON.stringify(facts ?? {}).includes('"openedBy":"certificates"'),
    )
    expect(opening).toMatchObject({ agent: BUILDER.id, decision: 'allow' })
  })

  it('is refused with an SVID for somebody else, of an agent that is none, or of another SPIRE', async () => {
    const elsewhere = await openTask({ bearer: await spire.jwtSvid('another-service') })
    expect(elsewhere.json.message).toContain('identity_audience')
    const mint = ['jwt', 'mint', '-audience', 'moderato', '-ttl', '60s', '-spiffeID']
    const stranger = (await spire.server(...mint, `spiffe://${TRUST_DOMAIN}/stranger`)).trim()
    expect((await openTask({ bearer: stranger })).json.message).toContain('identity_unmapped')
    const other = await Spire.start()
    try {
      expect((await openTask({ bearer: await other.jwtSvid('moderato') })).json.message).toContain(
        'identity_signature',
      )
      expect((await openTask(await other.x509Svid())).json.message).toContain('identity_signature')
    } finally {
      await other.stop()
    }
  })

  it('is vouched for by the bundle that its server writes, too', async () => {
    const file = join(folder, 'bundle.json')
    writeFileSync(file, await spire.server('bundle', 'show', '-format', 'spiffe'))
    const { providers } = opened([
      {
        type: 'spiffe-jwt',
        name: 'mesh',
        trustDomain: TRUST_DOMAIN,
        audience: 'moderato',
        bundle: { file },
        rules: [{ match: { sub: WORKLOAD }, agent: 'spiffe://example.org/agent/one' }],
      },
    ])
    expect(await providers.ofToken(await spire.jwtSvid('moderato'))).toMatchObject({ subject: WORKLOAD })
    await providers.close()
  })

  it('gets credentials by AssumeRoleWithWebIdentity, once for each SVID and task', async () => {
    const plain = await startProxy({
      upstream: upstream.url,
      settings: {
        identity: {
          providers: [
            {
              type: 'spiffe-jwt',
              name: 'tokens',
              trustDomain: TRUST_DOMAIN,
              audience: 'moderato',
              bundle: { workloadApi: spire.socket },
              rules: [{ match: { sub: WORKLOAD }, agent: BUILDER.id }],
            },
          ],
        },
      },
    })
    const svid = await spire.jwtSvid('moderato')
    await vi.waitFor(() => exchange(plain.url, svid, 'once'), { timeout: 20_000, interval: 500 })
    const again = await thrownBy(exchange(plain.url, svid, 'once'))
    expect(again).toMatchObject({ name: 'AccessDenied', status: 403 })
    expect(again.message).toContain('identity_replayed')
    await plain.stop()
  })
})
