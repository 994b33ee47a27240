/** Large uploads through a proxy: how fast their bytes pass, in each form in which S3 takes a body. */
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { crc32 } from 'node:zlib'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import { ALGORITHM } from '../../proxy/sigv4/credential.ts'
import { signRequest } from '../../proxy/sigv4/sign.ts'
import { Signatures } from '../../proxy/sigv4/signatures.ts'
import { formatAmzDate } from '../../proxy/sigv4/signing-date.ts'
import { hmacSigner, signedBody } from '../sigv4/chunk-bodies.ts'
import { AGENT } from './signed-requests.ts'
import type { Subject } from './subject.ts'

export interface UploadRow {
  readonly name: string
  readonly megabytesPerSecond: number
  /** CPU seconds of the proxy for a gigabyte (10^9 bytes). */
  readonly cpuSecondsPerGigabyte: number
  readonly busy: number
}

interface Upload {
  readonly head: Buffer
  readonly body: Buffer
}

const UPLOAD_BYTES = 64 * 1024 * 1024
const CHUNK_BYTES = 64 * 1024
const DATA = Buffer.alloc(UPLOAD_BYTES, 'some bytes of an object, ')
const signatures = new Signatures()
let uploads = 0

/** Each upload has a key of its own: a changing call is forwarded once. */
function signedHead(
  host: string,
  payload: string,
  lengthBytes: number,
  more: readonly string[],
): { head: Buffer; signature: string; amzDate: string } {
  const path = `/bucket/object-${++uploads}`
  const amzDate = formatAmzDate(Date.now())
  const fields = ['Host', host, 'X-Amz-Date', amzDate, 'X-Amz-Content-Sha256', payload, ...more]
  const { authorization, signature } = signRequest(
    { method: 'PUT', path, query: '', headers: new HeaderFields(fields) },
    payload,
    {
      algorithm: ALGORITHM,
      scope: { date: amzDate.slice(0, 8), region: 'us-east-1', service: 's3' },
      amzDate,
    },
    AGENT,
    signatures,
  )
  const all = [...fields, 'Authorization', authorization, 'Content-Length', String(lengthBytes)]
  const lines = all.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${all[index + 1]}\r\n`] : []))
  return { head: Buffer.from(`PUT ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), signature, amzDate }
}

const decoded = ['X-Amz-Decoded-Content-Length', String(UPLOAD_BYTES)]

/** How an upload of each form is made, all of it before it is sent. */
const FORMS: Readonly<Record<string, (host: string) => Upload>> = {
  'body not signed': (host) => ({
    body: DATA,
    head: signedHead(host, 'UNSIGNED-PAYLOAD', UPLOAD_BYTES, []).head,
  }),
  'hash declared': (host) => {
    const sha256 = createHash('sha256').update(DATA).digest('hex')
    return { body: DATA, head: signedHead(host, sha256, UPLOAD_BYTES, []).head }
  },
  'CRC32 in a trailer': (host) => {
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(DATA))
    const size = Buffer.from(`${UPLOAD_BYTES.toString(16)}\r\n`)
    const end = Buffer.from(`\r\n0\r\nx-amz-checksum-crc32:${sum.toString('base64')}\r\n\r\n`)
    const body = Buffer.concat([size, DATA, end])
    const more = [...decoded, 'X-Amz-Trailer', 'x-amz-checksum-crc32']
    return { body, head: signedHead(host, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', body.length, more).head }
  },
  'signed chunks of 64 KiB': (host) => {
    const count = UPLOAD_BYTES / CHUNK_BYTES
    const chunks = Array.from({ length: count }, (_, i) =>
      DATA.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES),
    )
    const lengthBytes = signedBody({ chunks, signer: hmacSigner('any'), seed: '' }).length
    const form = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
    const { head, signature, amzDate } = signedHead(host, form, lengthBytes, decoded)
    return {
      head,
      body: signedBody({ chunks, signer: hmacSigner(AGENT.secretAccessKey, amzDate), seed: signature }),
    }
  },
}

/** Sends one after another and takes the best of some: what the machine does beside it only slows. */
export async function measureUploads(bare: Subject, moderato: Subject, rounds: number): Promise<UploadRow[]> {
  const measured: UploadRow[] = []
  const best = async (name: string, subject: Subject, form: string): Promise<void> => {
    const rows: UploadRow[] = []
    for (let round = 0; round < rounds; round += 1) rows.push(await measure(name, subject, form))
    rows.sort((one, other) => other.megabytesPerSecond - one.megabytesPerSecond)
    measured.push(...rows.slice(0, 1))
  }
  await best('bare pass-through, undici', bare, 'body not signed')
  for (const form of Object.keys(FORMS)) await best(`Moderato, ${form}`, moderato, form)
  return measured
}

async function measure(name: string, subject: Subject, form: string): Promise<UploadRow> {
  const upload = FORMS[form]?.(new URL(subject.url).host)
  if (upload === undefined) throw new Error(`no such form: ${form}`)
  const cpuBefore = subject.cpuSeconds()
  const startedMs = performance.now()
  await send(subject.url, upload)
  const seconds = (performance.now() - startedMs) / 1000
  const cpuSeconds = subject.cpuSeconds() - cpuBefore
  return {
    name,
    megabytesPerSecond: UPLOAD_BYTES / 1e6 / seconds,
    cpuSecondsPerGigabyte: cpuSeconds / (UPLOAD_BYTES / 1e9),
    busy: cpuSeconds / seconds,
  }
}

function send(url: string, { head, body }: Upload): Promise<void> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(head)
      socket.write(body)
    })
    let answer = ''
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`the upload was not answered: ${answer}`)))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (!answer.includes('\r\n\r\n')) return
      socket.removeAllListeners('close').destroy()
      if (answer.startsWith('HTTP/1.1 200')) resolve()
      else reject(new Error(`the upload was refused: ${answer}`))
    })
  })
}
