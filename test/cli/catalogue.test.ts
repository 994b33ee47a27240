import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { run } from '../../proxy/cli/catalogue.ts'

async function moderato(args: readonly string[], input: readonly string[] = []) {
  const io = {
    stdin: Readable.from(input.map((line) => `${line}\n`)),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
  }
  const code = await run(args, io)
  io.stdout.end()
  io.stderr.end()
  return { code, out: await text(io.stdout), err: await text(io.stderr) }
}

const scoped = (service: string) =>
  `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`

describe('moderato catalogue show', () => {
  it('shows what an operation is', async () => {
    const { code, out } = await moderato(['show', 'dynamodb:DeleteTable', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      operation: 'DeleteTable',
      classes: ['destructive'],
      accessLevel: 'Write',
    })
  })

  it('finds a service by its IAM prefix too', async () => {
    const { reads } = JSON.parse((await moderato(['show', 'ecs:RunTask', '--json'])).out)
    expect(reads).toContainEqual({ kind: 'ecs:task-definition/', from: ['body taskDefinition'] })
    expect((await moderato(['show', 'states:StartExecution', '--json'])).out).toContain(
      '"model":"stepfunctions"',
    )
  })

  it('says what it does not have, and how it is used', async () => {
    expect((await moderato(['show', 'dynamodb:Nothing'])).code).toBe(1)
    expect((await moderato(['show'])).code).toBe(2)
    expect((await moderato(['nothing'])).code).toBe(2)
    expect((await moderato(['--help'])).code).toBe(0)
  })
})

describe('moderato catalogue diff', () => {
  const own = fileURLToPath(new URL('../../proxy/aws/catalogue/catalogue.json.br', import.meta.url))

  it('says nothing of a catalogue and itself', async () => {
    expect(await moderato(['diff', own])).toMatchObject({ code: 0, out: '' })
  })

  it('names what is new, gone and other', async () => {
    const text = brotliDecompressSync(readFileSync(own)).toString('utf8')
    const older = text
      .replace('"DeleteTable":{', '"DropTable":{')
      .replace('"c":["credentials"]', '"c":["read"]')
    const file = join(mkdtempSync(join(tmpdir(), 'moderato-test-')), 'older.br')
    writeFileSync(file, brotliCompressSync(older, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }))
    const { out, code } = await moderato(['diff', file, '--json'])
    const found = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; operation: string; facts: Record<string, string> })
    expect(code).toBe(0)
    expect(found.map(({ kind }) => kind).sort()).toEqual(['added', 'changed', 'removed'])
    expect(found.find(({ kind }) => kind === 'removed')?.operation).toMatch(/\.DropTable$/)
    expect(found.find(({ kind }) => kind === 'changed')?.facts).toEqual({ classes: 'read -> credentials' })
  })

  it.each([
    ['a file that is none', ['diff', 'package.json'], 1],
    ['no file', ['diff'], 2],
  ])('refuses %s', async (_what, args, code) => {
    expect((await moderato(args)).code).toBe(code)
  })
})

describe('moderato catalogue coverage', () => {
  it('counts, by service as JSON', async () => {
    const { out } = await moderato(['coverage', '--json'])
    const { total, byService } = JSON.parse(out) as {
      total: Record<string, number>
      byService: Record<string, unknown>
    }
    expect(total).toMatchObject({ services: 441, operations: 19_802 })
    expect(Object.keys(byService)).toHaveLength(441)
  })
})

describe('moderato catalogue identify', () => {
  it.each([
    'photos.s3.us-east-1.amazonaws.com',
    'photos.s3.amazonaws.com',
    'photos.s3.dualstack.us-east-1.amazonaws.com',
    'photos.s3-us-east-1.amazonaws.com',
  ])('reads a bucket in the host %s', async (host) => {
    const headers = { Host: host, Authorization: scoped('s3') }
    const line = JSON.stringify({ method: 'DELETE', url: '/folder/key', headers })
    expect(JSON.parse((await moderato(['identify'], [line])).out)).toMatchObject({
      operation: 'DeleteObject',
      resources: ['arn:aws:s3:::photos/folder/key'],
    })
  })

  it('reads a path where the host is nobody it knows', async () => {
    const headers = { host: 'minio.example.org', authorization: scoped('s3') }
    const line = JSON.stringify({ method: 'DELETE', url: '/photos/key', headers })
    expect(JSON.parse((await moderato(['identify'], [line])).out)).toMatchObject({
      resources: ['arn:aws:s3:::photos/key'],
    })
  })

  it('reads a presigned URL as the call that it is', async () => {
    const query = [
      'X-Amz-Algorithm=AWS4-HMAC-SHA256',
      'X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fs3%2Faws4_request',
      'X-Amz-Date=20260101T000000Z',
      'X-Amz-Expires=300',
      'X-Amz-SignedHeaders=host',
      `X-Amz-Signature=${'0'.repeat(64)}`,
      'x-amz-copy-source=%2Fother%2Fkey',
    ]
    const line = JSON.stringify({ method: 'PUT', url: `/b/key?${query.join('&')}`, headers: { host: 'h' } })
    expect(JSON.parse((await moderato(['identify'], [line])).out)).toMatchObject({
      service: 's3',
      operation: 'CopyObject',
      reason: null,
    })
  })

  it('writes one line for each line, in order, also for what it cannot read', async () => {
    const request = {
      method: 'POST',
      url: '/',
      headers: { 'X-AMZ-TARGET': 'DynamoDB_20120810.DeleteTable', Authorization: scoped('dynamodb') },
      body: Buffer.from('{"TableName":"t"}').toString('base64'),
    }
    const unscoped = { ...request, headers: {} }
    const unknown = { ...request, headers: { ...request.headers, 'X-AMZ-TARGET': 'x' } }
    const twice = { ...request, body: Buffer.from('{"TableName":"t","TableName":"u"}').toString('base64') }
    const lines = [request, unscoped, unknown, twice].map((each) => JSON.stringify(each))
    const { code, out } = await moderato(['identify'], ['no json', ...lines, ''])
    const answers = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(code).toBe(0)
    expect(answers).toHaveLength(6)
    expect(answers[1]).toEqual({
      service: 'dynamodb',
      operation: 'DeleteTable',
      actions: ['dynamodb:DeleteTable'],
      resources: ['arn:aws:dynamodb:us-east-1:*:table/t'],
      count: 1,
      class: 'destructive',
      classes: ['destructive'],
      traits: ['irreversible', 'cascade'],
      accessLevel: 'Write',
      reason: null,
    })
    for (const index of [0, 2, 3, 4, 5]) {
      expect(answers[index]).toMatchObject({ operation: null, class: 'unknown', reason: expect.any(String) })
    }
  })
})

const TABLE = {
  method: 'POST',
  url: '/',
  headers: { 'X-Amz-Target': 'DynamoDB_20120810.DeleteTable', Authorization: scoped('dynamodb') },
  body: Buffer.from('{"TableName":"t"}').toString('base64'),
}

/** What is answered to bytes, which need not be lines of text. */
async function answers(...input: readonly (Buffer | string)[]): Promise<Record<string, unknown>[]> {
  const io = { stdin: Readable.from(input), stdout: new PassThrough(), stderr: new PassThrough() }
  const out = text(io.stdout)
  await run(['identify'], io)
  io.stdout.end()
  const lines = (await out).split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function reasonOf(line: unknown): Promise<string> {
  const found = await answers(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatchObject({ operation: null, class: 'unknown', resources: ['*'] })
  return String(found[0]?.['reason'])
}

describe('moderato catalogue identify: odd input', () => {
  it.each<[string, unknown, RegExp]>([
    ['an empty line', '', /not JSON/],
    ['a blank line', ' \r', /not JSON/],
    ['half a line', '{"method":"POST","url":', /not JSON/],
    ['two objects in a line', '{}{}', /not JSON/],
    ['a byte order mark', `\uFEFF${JSON.stringify(TABLE)}`, /not JSON/],
    ['a list', '[]', /object/],
    ['null', 'null', /object/],
    ['a number', '1e999', /object/],
    ['an empty object', '{}', /method[^]*url[^]*headers/],
    ['no method', { ...TABLE, method: undefined }, /method/],
    ['no headers', { ...TABLE, headers: undefined }, /headers/],
    ['headers as a list', { ...TABLE, headers: [['host', 'h']] }, /headers/],
    [
      'a header that is a number',
      { ...TABLE, headers: { ...TABLE.headers, 'Content-Length': 1 } },
      /headers/,
    ],
    ['a body that is no base64', { ...TABLE, body: '{"TableName":"t"}' }, /body/],
    ['a body that is an object', { ...TABLE, body: { TableName: 't' } }, /body/],
    ['no signature', { ...TABLE, headers: { 'X-Amz-Target': 'DynamoDB_20120810.DeleteTable' } }, /scope/],
    ['a signature of two kinds', { ...TABLE, url: '/?X-Amz-Signature=0' }, /both/],
    ['a target without a slash', { ...TABLE, url: 'x' }, /start with/],
    ['a target with a blank', { ...TABLE, url: '/a b' }, /percent-encoded/],
    ['a target that is not ASCII', { ...TABLE, url: '/ü' }, /percent-encoded/],
    [
      'an unknown service',
      { ...TABLE, headers: { authorization: scoped('nothing') } },
      /signs with this name/,
    ],
    ['a body that is no text', { ...TABLE, body: Buffer.from([0xff, 0, 0xfe]).toString('base64') }, /UTF-8/],
  ])('answers one line that says why: %s', async (_, line, reason) => {
    expect(await reasonOf(line)).toMatch(reason)
  })

  it('answers each of many lines once and in order, however the bytes arrive', async () => {
    const named = (name: string) =>
      JSON.stringify({ ...TABLE, body: Buffer.from(JSON.stringify({ TableName: name })).toString('base64') })
    const names = Array.from({ length: 200 }, (_, index) => `t${index}`)
    const bytes = Buffer.from(names.map((name) => `${named(name)}\nnot json ü\n`).join(''))
    const cuts = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, index) =>
      bytes.subarray(index * 7, index * 7 + 7),
    )
    const found = await answers(...cuts)
    expect(found.map(({ resources, reason }) => [resources, reason])).toEqual(
      names.flatMap((name) => [
        [[`arn:aws:dynamodb:us-east-1:*:table/${name}`], null],
        [['*'], 'the line is not JSON'],
      ]),
    )
  })

  it('takes no end of a line but its own: a carriage return and U+2028 are text', async () => {
    const line = `{"method":"POST",\r"note":"\u2028\u2029",${JSON.stringify(TABLE).slice(1)}`
    expect(await answers(`${line}\r\n${line}`)).toMatchObject([
      { operation: 'DeleteTable', reason: null },
      { operation: 'DeleteTable', reason: null },
    ])
  })

  it('answers bytes that are no text', async () => {
    const noise = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const found = await answers(noise, '\n', JSON.stringify(TABLE))
    // Among them is one line end.
    expect(found.map(({ operation }) => operation)).toEqual([null, null, 'DeleteTable'])
  })

  it('reads names of headers in any case, values in a list, and no body', async () => {
    const headers = { 'x-AMZ-target': ['DynamoDB_20120810.ListTables'], AUTHORIZATION: scoped('dynamodb') }
    for (const body of [undefined, null, ''])
      expect(await answers(JSON.stringify({ method: 'POST', url: '/', headers, body }))).toMatchObject([
        { operation: 'ListTables', reason: null },
      ])
  })

  it('refuses one header in two cases, as the proxy does', async () => {
    const headers = { ...TABLE.headers, 'x-amz-target': 'DynamoDB_20120810.ListTables' }
    expect(await reasonOf({ ...TABLE, headers })).toMatch(/twice/)
  })

  it('reads a signature for many regions', async () => {
    const authorization =
      'AWS4-ECDSA-P256-SHA256 Credential=AKID/20260101/s3/aws4_request, SignedHeaders=host, Signature=00'
    const headers = { authorization, 'x-amz-region-set': '*', host: '127.0.0.1' }
    expect(await answers(JSON.stringify({ method: 'GET', url: '/photos/k', headers }))).toMatchObject([
      { operation: 'GetObject', resources: ['arn:aws:s3:::photos/k'] },
    ])
  })

  it('reads a body of many megabytes, and says of one with too many members that it is', async () => {
    const put = (item: object) => {
      const body = Buffer.from(JSON.stringify({ TableName: 't', Item: item })).toString('base64')
      const headers = { ...TABLE.headers, 'X-Amz-Target': 'DynamoDB_20120810.PutItem' }
      return JSON.stringify({ ...TABLE, headers, body })
    }
    const many = Object.fromEntries(Array.from({ length: 100_001 }, (_, index) => [index, { S: 's' }]))
    expect(await answers(put({ id: { S: 'x'.repeat(12_000_000) } }), '\n', put(many))).toMatchObject([
      { operation: 'PutItem', reason: null },
      { operation: null, reason: expect.stringContaining('members') as string },
    ])
  })
})
