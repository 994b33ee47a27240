/** Python clients whose fields are not all signed: DuckDB, boto3 under sentry-sdk, s3cmd, requests-aws4auth, the AWS CLI. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { awsCli, awsEnvironment, boto3 } from '../support/python.ts'
import { RecordingUpstream, type Recorded } from '../support/recording-upstream.ts'
import { AWS_CLI, BOTO3, HTTP_CLIENTS, missing, MOTO, S3CMD } from '../support/tools.ts'

const execute = promisify(execFile)
const CSV = 'a,b\n1,2\n3,4\n'

describe.skipIf(missing(MOTO, BOTO3, HTTP_CLIENTS))('Python clients before an emulator', () => {
  let proxy: Proxy
  beforeAll(async () => {
    proxy = await startProxy({ upstream: await freshMoto(), agents: [BUILDER] })
    await boto3(
      proxy.url,
      `
c = client('s3')
c.create_bucket(Bucket='lake')
c.put_object(Bucket='lake', Key='data.csv', Body=b'a,b\\n1,2\\n3,4\\n')
c.put_object(Bucket='lake', Key='a b', Body=b'')
c.put_object(Bucket='lake', Key='a+b', Body=b'')
result = None`,
    )
    return () => proxy.stop()
  })

  /** Runs a snippet that sets `result`. */
  async function python(snippet: string): Promise<unknown> {
    const values = {
      url: proxy.url,
      host: new URL(proxy.url).host,
      key: BUILDER.accessKeyId,
      secret: BUILDER.secretAccessKey,
    }
    const script = `import json\nv = json.loads('${JSON.stringify(values)}')\n${snippet}\nprint(json.dumps(result))`
    const { stdout } = await execute(HTTP_CLIENTS.command, ['-c', script], { env: awsEnvironment(proxy.url) })
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? 'null')
  }

  it('DuckDB reads S3, part by part, though it signs no Range', async () => {
    const rows = await python(`
import duckdb, duckdb_ext.extensions, glob, os
folder = list(duckdb_ext.extensions.__path__)[0]
c = duckdb.connect()
c.execute("LOAD '" + glob.glob(os.path.join(folder, '*', '*', 'httpfs.duckdb_extension'))[0] + "'")
c.execute("CREATE SECRET s (TYPE s3, KEY_ID '%(key)s', SECRET '%(secret)s', REGION 'us-east-1', "
          "ENDPOINT '%(host)s', USE_SSL false, URL_STYLE 'path')" % v)
result = [c.execute("SELECT * FROM read_csv('s3://lake/data.csv')").fetchall(),
          c.execute("SELECT sum(b) FROM read_csv('s3://lake/*.csv')").fetchall()]`)
    expect(rows).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [[6]],
    ])
  })

  it('requests-aws4auth lists by a prefix with a space, which it sends as + and signs as %20', async () => {
    const seen = await python(`
import requests
from requests_aws4auth import AWS4Auth
auth = AWS4Auth(v['key'], v['secret'], 'us-east-1', 's3')
def keys(prefix):
    answer = requests.get(v['url'] + '/lake', params={'list-type': '2', 'prefix': prefix}, auth=auth)
    return [answer.request.url.split('prefix=')[1], answer.text.count('<Key>'), '<Key>' + prefix + '</Key>' in answer.text]
part = requests.get(v['url'] + '/lake/data.csv', headers={'Range': 'bytes=4-6'}, auth=auth)
result = [keys('a b'), keys('a+b'), part.status_code, part.text]`)
    expect(seen).toEqual([['a+b', 1, true], ['a%2Bb', 1, true], 206, '1,2'])
  })
})

/** Answers as S3 does to a range. */
function answerCsv({ method, headers }: Recorded, reply: Parameters<RecordingUpstream['answer']>[1]): void {
  const [, from] = /^bytes=(\d+)-/.exec(headers['range']?.toString() ?? '') ?? []
  const part = CSV.slice(Number(from ?? 0))
  reply.writeHead(from === undefined ? 200 : 206, {
    etag: '"e"',
    'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
    'content-length': part.length,
    ...(from === undefined ? {} : { 'content-range': `bytes ${from}-${CSV.length - 1}/${CSV.length}` }),
  })
  reply.end(method === 'HEAD' ? undefined : part)
}

describe('Python clients, and what arrives of their calls', () => {
  let upstream: RecordingUpstream
  let proxy: Proxy
  beforeAll(async () => {
    upstream = await RecordingUpstream.start()
    proxy = await startProxy({ upstream: upstream.url, agents: [BUILDER] })
    return async () => {
      await proxy.stop()
      await upstream.stop()
    }
  })

  function folder(): string {
    const made = mkdtempSync(join(tmpdir(), 'moderato-resume-'))
    onTestFinished(() => rmSync(made, { recursive: true }))
    return made
  }

  it.skipIf(missing(HTTP_CLIENTS))(
    'boto3 under sentry-sdk works, and what sentry adds stays here',
    async () => {
      upstream.answer = ({ method }, reply) => {
        reply.writeHead(200, { 'content-length': method === 'PUT' ? 0 : 2 }).end(method === 'PUT' ? '' : '{}')
      }
      const before = upstream.recorded.length
      const script = `
import boto3, sentry_sdk
sentry_sdk.init(dsn='http://key@127.0.0.1:9/1', traces_sample_rate=1.0)
with sentry_sdk.start_transaction(name='work'):
    boto3.client('dynamodb').list_tables()
    boto3.client('dynamodb').put_item(TableName='t', Item={'id': {'S': '1'}})
    boto3.client('s3').put_object(Bucket='b', Key='k', Body=b'x')
    boto3.client('lambda').invoke(FunctionName='f', Payload=b'{}')`
      await execute(HTTP_CLIENTS.command, ['-c', script], { env: awsEnvironment(proxy.url) })
      const sent = upstream.recorded.slice(before)
      expect(sent.length).toBe(4)
      for (const { headers } of sent) {
        expect(Object.keys(headers)).not.toContain('sentry-trace')
        expect(headers['baggage']).toContain('sentry-trace_id')
      }
    },
  )

  it.skipIf(missing(S3CMD))('s3cmd goes on with a download', async () => {
    upstream.answer = answerCsv
    const file = join(folder(), 'data.csv')
    writeFileSync(file, CSV.slice(0, 4))
    const { host } = new URL(proxy.url)
    const place = [
      '--region=us-east-1',
      '--no-ssl',
      `--host=${host}`,
      `--host-bucket=${host}`,
      '--no-check-md5',
    ]
    const key = [`--access_key=${BUILDER.accessKeyId}`, `--secret_key=${BUILDER.secretAccessKey}`]
    await execute(S3CMD.command, [...place, ...key, 'get', '--continue', 's3://bucket/data.csv', file])
    expect(readFileSync(file, 'utf8')).toBe(CSV)
    expect(upstream.recorded.at(-1)?.headers['range']).toBe('bytes=4-')
  })

  it.skipIf(missing(AWS_CLI))('the AWS CLI reads the rest of an object', async () => {
    upstream.answer = answerCsv
    const file = join(folder(), 'rest.csv')
    const part = ['--bucket', 'bucket', '--key', 'data.csv', '--range', 'bytes=8-']
    await awsCli(proxy.url, ['s3api', 'get-object', ...part, file])
    expect(readFileSync(file, 'utf8')).toBe(CSV.slice(8))
  })
})
