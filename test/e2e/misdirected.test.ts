/** Clients at the wrong port, or with the wrong protocol: each is told what this is, and what to use. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { get as getHttps } from 'node:https'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { selfSigned } from '../support/certificates.ts'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import { BUILDER } from '../support/agents.ts'
import { awsCli, boto3, python } from '../support/python.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { headText, RawConnection, send, signed } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openScene } from '../support/scene.ts'
import { AWS_CLI, BOTO3, CURL, hasTool, missing } from '../support/tools.ts'

const execute = promisify(execFile)
const MODERATO = join(import.meta.dirname, '../../proxy/main.ts')
const OPENSSL = hasTool('openssl', ['version'])
if (!OPENSSL) console.warn('SKIPPED: openssl is missing, which makes the certificates of the TLS tests')

const NO_PROXY = 'Moderato is no HTTP proxy.'
const FOR_ADMIN = 'Use the address of listen.admin, port 8081 by default'
const FOR_AGENTS =
  'This is the admin port of Moderato, and this is a call of an agent. Set AWS_ENDPOINT_URL to the address of listen.agents, ' +
  'port 8080 by default.'

describe('whoever comes to the wrong place', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy

  beforeAll(async () => {
    const scene = await openScene()
    ;({ upstream, proxy } = scene)
    return scene.stop
  })

  /** All that a connection answers to these bytes. */
  async function answerTo(url: string, bytes: string | Buffer): Promise<string> {
    const connection = await RawConnection.open(url)
    connection.write(bytes)
    const answer = await connection.until(/^$never/)
    connection.close()
    return answer
  }

  describe('at the port for agents', () => {
    it('with two slashes is told of the endpoint URL that ends in one', async () => {
      for (const [target, service] of [
        ['//bucket/key', 's3'],
        ['//2015-03-31/functions', 'lambda'],
      ] as const) {
        const request = await signed(proxy.url, { method: 'GET', target, headers: {} }, { service })
        const { status, body } = await send(proxy.url, request)
        expect(status).toBe(400)
        expect(body.toString()).toContain('The path begins with two slashes')
        expect(body.toString()).toContain('Take the slash from the end of the endpoint URL of this client.')
      }
      expect(upstream.recorded).toEqual([])
    })

    it('with a TLS handshake is answered in plain HTTP, and recorded', async () => {
      const failure = await new Promise<Error>((failed) => {
        getHttps(proxy.url.replace('http:', 'https:')).on('error', failed)
      })
      expect(failure.message).toMatch(/wrong version number|packet length too long/i)
      const hello = Buffer.from('16030100a5010000a10303', 'hex')
      const answer = await answerTo(proxy.url, hello)
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
      expect(answer).toContain(
        'This port speaks plain HTTP, and the client began a TLS handshake. Use http:// in its URL',
      )
      const [, id = ''] = /x-moderato-request-id: (\S+)/.exec(answer) ?? []
      expect(await proxy.decision(id)).toMatchObject({
        reason: 'malformed_request',
        detail: expect.stringContaining('TLS handshake') as string,
      })
    })

    it.each([
      [
        'the PROXY protocol',
        'PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET / HTTP/1.1\r\n\r\n',
        'The PROXY protocol is not',
      ],
      ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n', 'and the client another protocol'],
      [
        'an upgrade',
        'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
        'no upgrade',
      ],
      ['CONNECT', 'CONNECT sts.amazonaws.com:443 HTTP/1.1\r\nHost: sts.amazonaws.com:443\r\n\r\n', NO_PROXY],
      ['nonsense', 'hello\r\n\r\n', 'The bytes are not a valid and unambiguous HTTP request.'],
    ])('with %s is told so', async (_what, bytes, words) => {
      const answer = await answerTo(proxy.url, bytes)
      expect(answer).toMatch(/^HTTP\/1\.1 40[05] /)
      expect(answer).toContain(words)
      expect(answer).toContain('reason malformed_request')
    })

    it('as if it were an HTTP proxy is told what to set', async () => {
      const call = await signed(
        proxy.url,
        { method: 'GET', target: '/bucket/key', headers: {} },
        { service: 's3' },
      )
      const answer = await answerTo(
        proxy.url,
        headText({ ...call, target: 'http://bucket.s3.amazonaws.com/key' }, 'connection: close'),
      )
      expect(answer).toContain('The request target is a whole URL, as for an HTTP proxy.')
      expect(answer).toContain('set AWS_ENDPOINT_URL to the address of this port')
    })

    it.skipIf(missing(CURL))('as the proxy of curl is told so', async () => {
      const through = ['-sS', '-x', proxy.url, 'http://sts.amazonaws.com/']
      expect((await execute('curl', through)).stdout).toContain(NO_PROXY)
      const tunnel = execute('curl', ['-sSv', '-x', proxy.url, 'https://sts.amazonaws.com/'])
      await expect(tunnel).rejects.toThrow(/405/)
    })

    it.skipIf(missing(BOTO3))('as the proxy of boto3 fails at once, and nothing goes anywhere', async () => {
      const script = `
import boto3
from botocore.config import Config
try:
    boto3.client('sts', config=Config(retries={'total_max_attempts': 1})).get_caller_identity()
except Exception as error:
    print(type(error).__name__, error)`
      const said = await python(script, {
        AWS_ACCESS_KEY_ID: BUILDER.accessKeyId,
        AWS_SECRET_ACCESS_KEY: BUILDER.secretAccessKey,
        AWS_DEFAULT_REGION: 'us-east-1',
        HTTPS_PROXY: proxy.url,
        HOME: '/nonexistent',
      })
      expect(said).toContain('ProxyConnectionError')
      expect(upstream.recorded).toEqual([])
    })

    it.each([
      ['a browser', '/', { accept: 'text/html,application/xhtml+xml', 'sec-fetch-mode': 'navigate' }, 403],
      ['a browser of old', '/favicon.ico', { accept: 'text/html, */*' }, 403],
      ['a probe of Kubernetes', '/healthz', { 'user-agent': 'kube-probe/1.33' }, 403],
      ['a probe of readiness', '/readyz', {}, 403],
      ['Prometheus', '/metrics', { accept: 'text/plain;version=0.0.4' }, 403],
      ["an operator's request", '/v1/freeze', { authorization: 'Bearer token' }, 403],
    ])('as %s is sent to the admin listener', async (_what, target, headers, status) => {
      const answer = await send(proxy.url, { method: 'GET', target, headers })
      expect(answer.status).toBe(status)
      expect(answer.body.toString()).toContain('This port is for calls of agents')
      expect(answer.body.toString()).toContain(FOR_ADMIN)
      expect(answer.body.toString()).not.toContain('Bearer token')
    })

    it("as the operators' command is told which address to give", async () => {
      const folder = mkdtempSync(join(tmpdir(), 'moderato-misdirected-'))
      onTestFinished(() => rmSync(folder, { recursive: true }))
      writeFileSync(join(folder, 'token'), 'a-token-of-nobody-in-particular-0001', { mode: 0o600 })
      for (const verb of [
        ['freeze', 'list'],
        ['sessions', 'list'],
      ]) {
        const args = [MODERATO, ...verb, '--admin', proxy.url, '--token-file', join(folder, 'token')]
        const failure = await execute(process.execPath, args).catch(
          (error: Error & { stderr: string }) => error,
        )
        expect(failure.stderr).toContain("is Moderato's port for agents: give the address of listen.admin")
      }
    })

    it('as an agent over HTTP/2 from the first byte on is served', async () => {
      const request = await signed(
        proxy.url,
        { method: 'GET', target: '/bucket/key', headers: {} },
        { service: 's3' },
      )
      const { host = '', ...fields } = request.headers
      const session = connectHttp2(proxy.url)
      const stream = session.request({ ':path': '/bucket/key', ':authority': host, ...fields })
      const [answer] = (await once(stream, 'response')) as [Record<string, unknown>]
      session.destroy()
      expect(answer[':status']).toBe(200)
    })
  })

  describe('at the admin port', () => {
    it('as the AWS SDK is told where agents go, in the form that it reads', async () => {
      const table = await thrownBy(dynamodb(proxy.adminUrl).send(new ListTablesCommand({})))
      expect(table).toMatchObject({
        name: 'AccessDeniedException',
        status: 401,
        attempts: 1,
        message: FOR_AGENTS,
      })
      const read = s3(proxy.adminUrl).send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }))
      expect(await thrownBy(read)).toMatchObject({ name: 'AccessDenied', status: 401, message: FOR_AGENTS })
    })

    it.skipIf(missing(BOTO3))('as boto3 is told so in every protocol', async () => {
      const said = await boto3(
        proxy.adminUrl,
        `
result = [thrown(client('sqs').list_queues), thrown(client('iam').list_users), thrown(client('ec2').describe_instances),
          thrown(client('lambda').list_functions), thrown(client('route53').list_hosted_zones), thrown(client('s3').list_buckets)]`,
      )
      expect(said).toHaveLength(6)
      for (const each of said as object[]) expect(each).toMatchObject({ status: 401, message: FOR_AGENTS })
    })

    it.skipIf(missing(AWS_CLI))('as the AWS CLI is told so', async () => {
      await expect(awsCli(proxy.adminUrl, ['sts', 'get-caller-identity'])).rejects.toThrow(FOR_AGENTS)
    })

    it('as a caller of the agent API is told so', async () => {
      const headers = { 'content-type': 'application/json', authorization: 'Bearer token' }
      const { status, body } = await send(proxy.adminUrl, {
        method: 'POST',
        target: '/.moderato/v1/tasks',
        headers,
        body: '{}',
      })
      expect(status).toBe(401)
      expect(JSON.parse(body.toString())).toMatchObject({ message: FOR_AGENTS })
    })

    it.each([
      ['a TLS handshake', Buffer.from('16030100a5010000a10303', 'hex'), 'or configure admin.tls.'],
      ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'This port speaks HTTP/1.1'],
      ['CONNECT', 'CONNECT sts.amazonaws.com:443 HTTP/1.1\r\nHost: h\r\n\r\n', NO_PROXY],
    ])('with %s is told so', async (_what, bytes, words) => {
      expect(await answerTo(proxy.adminUrl, bytes)).toContain(words)
    })

    it('says nothing of this installation to a page of another site', async () => {
      const answer = await send(proxy.adminUrl, {
        method: 'GET',
        target: '/v1/sessions',
        headers: { host: 'evil.example', 'x-amz-date': '20260101T000000Z', origin: 'https://evil.example' },
      })
      expect(answer.status).toBe(421)
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
      expect(answer.body.toString()).not.toContain(new URL(proxy.url).port)
    })
  })
})

describe.skipIf(!OPENSSL)('plain HTTP at ports that speak TLS', () => {
  it('is answered in words, and recorded', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-misdirected-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const tls = selfSigned(folder, 'own')
    const proxy = await startProxy({
      settings: { listen: { agents: '127.0.0.1:0', admin: '127.0.0.1:0', tls }, admin: { tls } },
    })
    onTestFinished(() => proxy.stop())
    const words = 'This port speaks TLS, and the client sent plain HTTP. Use https:// in its URL.'
    for (const url of [proxy.url, proxy.adminUrl]) {
      const answer = await fetch(url.replace('https:', 'http:'), {
        method: 'POST',
        body: 'x'.repeat(100_000),
      })
      expect(answer.status).toBe(400)
      expect(await answer.text()).toContain(words)
    }
    expect(await proxy.record(({ detail }) => detail === words)).toMatchObject({
      reason: 'malformed_request',
    })
    const status = await new Promise((answered, failed) => {
      getHttps(`${proxy.adminUrl}/healthz`, { ca: readFileSync(tls.cert) }, ({ statusCode }) =>
        answered(statusCode),
      ).on('error', failed)
    })
    expect(status).toBe(200)
  })
})
