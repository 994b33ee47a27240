/** Signs drafts as a client would, slowly and on its own: even what no client would send. */
import { createHash, createHmac, sign } from 'node:crypto'
import { slowCanonical } from '../conformance/slow-canonical.ts'
import type { Draft } from './http-message.ts'
import { checksumOf } from './reference-body.ts'
import { ecdsaKeys } from './reference-keys.ts'
import type { Template } from './templates.ts'

export interface Signatory {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const REGION = 'us-east-1'
const UNSIGNED =
  /^(user-agent|content-length|amz-sdk-invocation-id|authorization|connection|transfer-encoding|expect)$/i

const sha256 = (data: string | Buffer): string =>
  createHash('sha256')
    .update(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)
    .digest('hex')

export interface SigningPlace {
  readonly host: string
  readonly nowMs: number
}

/** The draft with everything that a signature adds, its body framed as its form says. */
export function signDraft(template: Template, owner: Signatory, { host, nowMs }: SigningPlace): Draft {
  const amzDate = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const ecdsa = template.algorithm !== 'AWS4-HMAC-SHA256'
  const scope = [amzDate.slice(0, 8), ...(ecdsa ? [] : [REGION]), template.service, 'aws4_request']
  const made = makerOf(template, owner, scope)
  const payload = payloadText(template)
  const headers: (readonly [string, string])[] = [
    ['Host', host],
    ...template.headers,
    ...payloadHeaders(template, payload),
  ]
  const credential = `${owner.accessKeyId}/${scope.join('/')}`
  const signedText = (target: string, names: readonly string[]): string => {
    const [path = '', query = ''] = target.split(/\?(.*)/s)
    const canonical = slowCanonical(
      { ...template, path, query, headers: headers.flat() },
      {
        signedHeaders: names,
        exactPath: template.service === 's3',
        leftOut: [],
        payload: payload ?? sha256(template.body),
      },
    )
    return [template.algorithm, amzDate, scope.join('/'), sha256(canonical)].join('\n')
  }
  if (template.form === 'query') {
    const names = namesOf(headers, template)
    const parameters = [
      ['Algorithm', template.algorithm],
      ['Credential', credential],
      ['Date', amzDate],
      ['Expires', '300'],
      ...(ecdsa ? [['Region-Set', '*']] : []),
      ['SignedHeaders', names.join(';')],
    ].map(([name, value]) => `X-Amz-${name}=${encodeURIComponent(value ?? '').replaceAll('*', '%2A')}`)
    const joint = template.target.includes('?') ? '&' : '?'
    const target = `${template.target}${joint}${parameters.join('&')}`
    const signature = made(signedText(target, names))
    return framed({ ...template, target: `${target}&X-Amz-Signature=${signature}`, headers }, template.body)
  }
  headers.push(['X-Amz-Date', amzDate])
  if (ecdsa) headers.push(['X-Amz-Region-Set', '*'])
  const names = namesOf(headers, template)
  const signature = made(signedText(template.target, names))
  headers.push([
    'Authorization',
    `${template.algorithm} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  ])
  return framed({ ...template, headers }, bodyOf(template, signature, amzDate, scope.join('/'), made))
}

function namesOf(headers: readonly (readonly [string, string])[], { unsigned = [] }: Template): string[] {
  const names = headers
    .map(([name]) => name.toLowerCase())
    .filter((name) => !UNSIGNED.test(name) && !unsigned.includes(name))
  return [...new Set(names)].toSorted()
}

function framed(draft: Draft, body: Buffer): Draft {
  const { method, target, headers } = draft
  const length: readonly (readonly [string, string])[] =
    body.length === 0 ? [] : [['Content-Length', String(body.length)]]
  return { method, target, headers: [...headers, ...length], body }
}

function payloadText({ bodyForm, algorithm, body, form }: Template): string | undefined {
  if (bodyForm === 'hashed') return undefined
  if (bodyForm === 'declared') return sha256(body)
  if (bodyForm === 'unsigned') return 'UNSIGNED-PAYLOAD'
  if (form === 'query') throw new Error('a presigned URL has a plain body')
  return bodyForm === 'unsigned-trailer'
    ? 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
    : `STREAMING-${algorithm}-PAYLOAD${bodyForm === 'chunks-trailer' ? '-TRAILER' : ''}`
}

function payloadHeaders(
  { form, bodyForm, body }: Template,
  payload: string | undefined,
): (readonly [string, string])[] {
  if (payload === undefined || form === 'query') return []
  const headers: (readonly [string, string])[] = [['X-Amz-Content-Sha256', payload]]
  if (!payload.startsWith('STREAMING-')) return headers
  headers.push(['X-Amz-Decoded-Content-Length', String(body.length)])
  if (bodyForm !== 'chunks') headers.push(['X-Amz-Trailer', 'x-amz-checksum-crc32'])
  return headers
}

type Maker = (text: string) => string

function makerOf({ algorithm }: Template, owner: Signatory, scope: readonly string[]): Maker {
  if (algorithm === 'AWS4-HMAC-SHA256') {
    const key = scope.reduce<Buffer>(
      (each, part) => createHmac('sha256', each).update(part).digest(),
      Buffer.from(`AWS4${owner.secretAccessKey}`),
    )
    return (text) => createHmac('sha256', key).update(text, 'latin1').digest('hex')
  }
  const { privateKey } = ecdsaKeys(owner.accessKeyId, owner.secretAccessKey)
  return (text) => sign('sha256', Buffer.from(text, 'latin1'), privateKey).toString('hex')
}

function bodyOf(
  { bodyForm, body, algorithm }: Template,
  seed: string,
  amzDate: string,
  scope: string,
  made: Maker,
): Buffer {
  if (!/chunks|trailer/.test(bodyForm)) return body
  const signed = bodyForm !== 'unsigned-trailer'
  let previous = seed
  const next = (kind: string, ...hashes: string[]): string => {
    previous = made([`${algorithm}-${kind}`, amzDate, scope, previous, ...hashes].join('\n'))
    return algorithm === 'AWS4-HMAC-SHA256' ? previous : previous.padEnd(144, '*')
  }
  const chunks = [body.subarray(0, 17), body.subarray(17), Buffer.alloc(0)].map((chunk) => {
    const signature = signed ? `;chunk-signature=${next('PAYLOAD', sha256(''), sha256(chunk))}` : ''
    const head = Buffer.from(`${chunk.length.toString(16)}${signature}\r\n`)
    return chunk.length === 0 ? head : Buffer.concat([head, chunk, Buffer.from('\r\n')])
  })
  if (bodyForm === 'chunks') return Buffer.concat([...chunks, Buffer.from('\r\n')])
  const trailer = `x-amz-checksum-crc32:${checksumOf('x-amz-checksum-crc32', body)}`
  const signature = signed ? `x-amz-trailer-signature:${next('TRAILER', sha256(`${trailer}\n`))}\r\n` : ''
  return Buffer.concat([...chunks, Buffer.from(`${trailer}\r\n${signature}\r\n`)])
}
