/** What a meddler, or an agent with its own key, does to a request: before it is signed, after, and to its bytes. */
import type { Draft } from './http-message.ts'
import type { Random } from './random.ts'

type Fields = readonly (readonly [string, string])[]

/** Before signing they make valid signatures over odd requests; after signing they are what a signature is for. */
export type DraftMutation = (draft: Draft, random: Random) => Draft

const PATH_PARTS = [
  '//',
  '/./',
  '/../',
  '/%2e%2e/',
  '%00',
  '%c0%af',
  '%ff',
  '%2F',
  '%252F',
  ';a=b',
  '+',
  '%20',
  '/?',
  '%',
  '%zz',
  '%u0041',
  '\\',
  'é',
  '*',
  ':',
  '@',
]
const QUERY_PARTS = [
  'Action=DeleteUser',
  'Version=2010-05-08',
  'acl',
  'delete',
  'versionId=2',
  'uploads=',
  'partNumber=2',
  'x-id=GetObject',
  'list-type=2',
  'X-Amz-Signature=0',
  'x-amz-acl=public-read',
  'x-amz-copy-source=%2Fother%2Fkey',
  'X-Amz-Security-Token=t',
  'X-Amz-Expires=1',
  'X%2DAmz-Date=1',
  'AWSAccessKeyId=A',
  'a=%00',
  'a=%ff',
  'a+b=c+d',
  '=',
  '&',
  'a=1&a=2',
  'tagging',
  'policy',
  'x-amz-content-sha256=UNSIGNED-PAYLOAD',
]
const FIELDS: Fields = [
  ['x-amz-acl', 'public-read'],
  ['x-amz-copy-source', '/other/key'],
  ['x-amz-meta-a', 'b'],
  ['x-amz-security-token', 'token'],
  ['x-amz-s3session-token', 'token'],
  ['x-amz-date', '20200101T000000Z'],
  ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
  ['x-amz-target', 'DynamoDB_20120810.DeleteTable'],
  ['x-amz-decoded-content-length', '1'],
  ['x-amz-trailer', 'x-amz-checksum-crc32'],
  ['x-http-method-override', 'DELETE'],
  ['smithy-protocol', 'rpc-v2-cbor'],
  ['content-type', 'application/x-www-form-urlencoded'],
  ['content-type', 'text/plain; charset=utf-7'],
  ['content-encoding', 'gzip'],
  ['content-encoding', 'aws-chunked'],
  ['content-length', '0'],
  ['content-length', '+5'],
  ['content-length', '5, 5'],
  ['transfer-encoding', 'chunked'],
  ['transfer-encoding', 'identity'],
  ['transfer-encoding', 'gzip, chunked'],
  ['Transfer-Encoding', ' chunked'],
  ['transfer_encoding', 'chunked'],
  ['connection', 'x-amz-target, host'],
  ['connection', 'close'],
  ['keep-alive', 'timeout=1'],
  ['upgrade', 'h2c'],
  ['http2-settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
  ['trailer', 'x-amz-acl'],
  ['te', 'trailers'],
  ['expect', '100-continue'],
  ['expect', 'nothing'],
  ['host', 'iam.amazonaws.com'],
  ['host', 'bucket.localhost'],
  ['authorization', 'AWS AKIDBUILDER:c2ln'],
  ['proxy-authorization', 'Basic YTpi'],
  ['forwarded', 'host=other'],
  ['x-forwarded-host', 'other'],
  ['range', 'bytes=0-1'],
  ['if-none-match', '*'],
  ['cookie', 'a=b'],
  ['amz-sdk-request', 'attempt=2'],
  ['x-amzn-trace-id', 'Root=1'],
  ['date', 'Thu, 01 Jan 1970 00:00:00 GMT'],
]

function splice(text: string, at: number, piece: string, removed = 0): string {
  return text.slice(0, at) + piece + text.slice(at + removed)
}

function withQuery({ target, ...rest }: Draft, part: string): Draft {
  return { ...rest, target: `${target}${target.includes('?') ? '&' : '?'}${part}` }
}

function replacedField(draft: Draft, at: number, field: readonly [string, string]): Draft {
  return { ...draft, headers: draft.headers.toSpliced(at, 1, field) }
}

/** Header, by position, of those that stand there. */
function somewhere(draft: Draft, random: Random): number {
  return random.below(draft.headers.length)
}

export const DRAFT_MUTATIONS: Readonly<Record<string, DraftMutation>> = {
  method: (draft, random) => ({
    ...draft,
    method: random.pick([
      'GET',
      'HEAD',
      'POST',
      'PUT',
      'DELETE',
      'PATCH',
      'OPTIONS',
      'get',
      'TRACE',
      'CONNECT',
      'PURGE',
      'M-SEARCH',
    ]),
  }),
  path: (draft, random) => ({
    ...draft,
    target: splice(draft.target, 1 + random.below(draft.target.length), random.pick(PATH_PARTS)),
  }),
  'target form': (draft, random) => ({
    ...draft,
    target: random.pick([
      `http://127.0.0.1${draft.target}`,
      `//evil${draft.target}`,
      '*',
      draft.target.slice(1),
      `${draft.target}#f`,
      `/.moderato/v1/sign`,
      `/%2e%6doderato/v1/sign`,
      `${draft.target} `,
      '',
    ]),
  }),
  query: (draft, random) => withQuery(draft, random.pick(QUERY_PARTS)),
  'query twice': (draft, random) => {
    const pairs = draft.target.split('?')[1]?.split('&') ?? ['a=b']
    return withQuery(draft, random.pick(pairs))
  },
  'query case': (draft, random) => {
    const at = draft.target.indexOf('?') + 1 + random.below(draft.target.length)
    const char = draft.target[at] ?? ''
    return {
      ...draft,
      target: splice(
        draft.target,
        at,
        char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase(),
        1,
      ),
    }
  },
  'query encoding': (draft, random) => {
    const at = random.below(draft.target.length)
    const code = draft.target.charCodeAt(at).toString(16).padStart(2, '0')
    return { ...draft, target: splice(draft.target, at, `%${code}`, 1) }
  },
  'added field': (draft, random) => ({
    ...draft,
    headers: draft.headers.toSpliced(random.below(draft.headers.length + 1), 0, random.pick(FIELDS)),
  }),
  'changed field': (draft, random) => {
    const field = random.pick(FIELDS)
    const at = draft.headers.findIndex(([name]) => name.toLowerCase() === field[0].toLowerCase())
    return at < 0 ? { ...draft, headers: [...draft.headers, field] } : replacedField(draft, at, field)
  },
  'field twice': (draft, random) => {
    const at = somewhere(draft, random)
    const [name = '', value = ''] = draft.headers[at] ?? []
    const again = random.pick([value, '', `${value}x`])
    return {
      ...draft,
      headers: draft.headers.toSpliced(random.below(draft.headers.length + 1), 0, [name, again]),
    }
  },
  'field gone': (draft, random) => ({
    ...draft,
    headers: draft.headers.toSpliced(somewhere(draft, random), 1),
  }),
  'field name': (draft, random) => {
    const at = somewhere(draft, random)
    const [name = '', value = ''] = draft.headers[at] ?? []
    return replacedField(draft, at, [
      random.pick([
        name.toUpperCase(),
        `${name} `,
        ` ${name}`,
        name.replaceAll('-', '_'),
        `${name}\t`,
        `${name}é`,
        '',
      ]),
      value,
    ])
  },
  'field value': (draft, random) => {
    const at = somewhere(draft, random)
    const [name = '', value = ''] = draft.headers[at] ?? []
    const spot = random.below(value.length + 1)
    const piece = random.pick([
      ' ',
      '\t',
      '  ',
      ',',
      ';',
      '\0',
      '\r',
      '\n',
      '\r\n ',
      '\r\nx-amz-acl: public-read',
      'é',
      '\x7f',
      '"',
      'A',
      '0',
    ])
    return replacedField(draft, at, [name, splice(value, spot, piece)])
  },
  body: (draft, random) => {
    const { body } = draft
    const at = random.below(body.length + 1)
    const piece = Buffer.from(
      random.pick([
        '',
        'x',
        '\0',
        '\r\n',
        '\xff',
        '&Action=DeleteUser',
        '{"TableName":"other"}',
        '0\r\n\r\n',
        '<a/>',
      ]),
      'latin1',
    )
    return {
      ...draft,
      body: Buffer.concat([body.subarray(0, at), piece, body.subarray(at + random.below(3))]),
    }
  },
  'one bit of the body': (draft, random) => {
    if (draft.body.length === 0) return { ...draft, body: Buffer.from('x') }
    const body = Buffer.from(draft.body)
    const at = random.below(body.length)
    body[at] = (body[at] ?? 0) ^ (1 << random.below(8))
    return { ...draft, body }
  },
}

/** To the bytes on the wire. */
export const BYTE_MUTATIONS: Readonly<Record<string, (bytes: Buffer, random: Random) => Buffer>> = {
  'one bit': (bytes, random) => {
    const changed = Buffer.from(bytes)
    const at = random.below(bytes.length)
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
    return changed
  },
  'bytes put in': (bytes, random) => {
    const piece = random.pick([
      '\r\n',
      '\n',
      '\r',
      '\0',
      ' ',
      '\t',
      ':',
      '\r\n ',
      '0\r\n\r\n',
      '\r\n\r\n',
      'HTTP/1.1',
      '\xe2\x80\xa8',
      'é',
    ])
    const at = random.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(piece, 'latin1'), bytes.subarray(at)])
  },
  'bytes taken out': (bytes, random) => {
    const at = random.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(4))])
  },
  'line ends': (bytes, random) =>
    Buffer.from(
      bytes.toString('latin1').replaceAll('\r\n', random.pick(['\n', '\r', '\r\r\n', '\r\n\t'])),
      'latin1',
    ),
  'cut off': (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  version: (bytes, random) =>
    Buffer.from(
      bytes
        .toString('latin1')
        .replace(
          'HTTP/1.1',
          random.pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/1.2', 'HTTP/0.9', 'http/1.1', 'HTTP/1.1 ', 'ICE/1.0']),
        ),
      'latin1',
    ),
  'another behind it': (bytes) =>
    Buffer.concat([bytes, Buffer.from('DELETE /bucket/smuggled HTTP/1.1\r\nHost: x\r\n\r\n')]),
  'twice at once': (bytes) => Buffer.concat([bytes, bytes]),
  'in HTTP chunks': (bytes, random) => chunked(bytes, random, true),
  'in bad HTTP chunks': (bytes, random) => chunked(bytes, random, false),
  'two framings': (bytes, random) => {
    const text = bytes.toString('latin1')
    const field = random.pick([
      'Transfer-Encoding: chunked',
      'Content-Length: 1',
      'Content-Length: 999',
      'Transfer-Encoding: xchunked',
      'Transfer-Encoding:\tchunked',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
      'Content-Length: 0\r\nTransfer-Encoding : chunked',
    ])
    return Buffer.from(text.replace('\r\n', `\r\n${field}\r\n`), 'latin1')
  },
}

/** The same body in HTTP's own chunks, right or in one of the ways that readers disagree about. */
function chunked(bytes: Buffer, random: Random, right: boolean): Buffer {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return bytes
  const head = bytes.toString('latin1', 0, end).replace(/\r\nContent-Length: \d+/i, '')
  const body = bytes.subarray(end + 4).toString('latin1')
  const half = random.below(body.length + 1)
  const parts = [body.slice(0, half), body.slice(half)].filter((part) => part !== '')
  const size = (part: string): string => {
    const hex = part.length.toString(16)
    return right
      ? hex
      : random.pick([
          hex,
          `0x${hex}`,
          `${hex};a="b\r\n"`,
          `${hex} `,
          `-${hex}`,
          `${hex}0`,
          `00000000000000000${hex}`,
          hex.toUpperCase(),
        ])
  }
  const after = (): string => (right ? '\r\n' : random.pick(['\r\n', '\n', '', '\r\nX']))
  const tail = right
    ? '0\r\n\r\n'
    : random.pick([
        '0\r\n\r\n',
        '0\r\nx-amz-acl: public-read\r\n\r\n',
        '0\n\n',
        '',
        '0\r\n',
        '00\r\n\r\nDELETE /b/k HTTP/1.1\r\n\r\n',
      ])
  const framed = parts.map((part) => `${size(part)}\r\n${part}${after()}`).join('')
  return Buffer.from(`${head}\r\nTransfer-Encoding: chunked\r\n\r\n${framed}${tail}`, 'latin1')
}
