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
