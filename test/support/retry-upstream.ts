/** An upstream that asks for retries in every protocol, as the services themselves spell it. */
import { encode } from 'cborg'
import type { Recorded } from './recording-upstream.ts'
import { RecordingUpstream } from './recording-upstream.ts'

export type Dialect = 'json' | 'rest-json' | 'query' | 'ec2' | 's3' | 's3-late' | 'rest-xml' | 'cbor'

interface Spelled {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

const XML = { 'content-type': 'text/xml' }
const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.1' }
const CBOR = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' }

/** Returns an error as a service of that dialect answers it. */
export function errorIn(dialect: Dialect, status: number, code: string): Spelled {
  const details = `<Code>${code}</Code><Message>Please "slow" down.</Message>`
  switch (dialect) {
    case 'json':
      return {
        status,
        headers: JSON_TYPE,
        body: JSON.stringify({ message: 'Please "slow" down.', __type: `com.amazonaws.example#${code}` }),
      }
    case 'rest-json':
      return {
        status,
        headers: { ...JSON_TYPE, 'x-amzn-errortype': `${code}:http://internal.amazon.com/coral/` },
        body: '{"message":"Please slow down."}',
      }
    case 'query':
    case 'rest-xml':
      return {
        status,
        headers: XML,
        body: `<ErrorResponse><Error><Type>Sender</Type>${details}</Error><RequestId>r</RequestId></ErrorResponse>`,
      }
    case 'ec2':
      return {
        status,
        headers: XML,
        body: `<?xml version="1.0"?>\n<Response><Errors><Error>${details}</Error></Errors><RequestID>r</RequestID></Response>`,
      }
    case 's3':
      return { status, headers: XML, body: `<?xml version="1.0"?>\n<Error>${details}</Error>` }
    case 's3-late':
      return { status: 200, headers: XML, body: `<?xml version="1.0"?>\n\n  <Error>${details}</Error>` }
    default:
      return {
        status,
        headers: CBOR,
        body: Buffer.from(encode({ message: 'slow', __type: `com.amazonaws.example#${code}` })),
      }
  }
}

/** Returns an empty success, or what a client of that dialect takes for one. */
export function successIn(dialect: Dialect): Spelled {
  if (dialect === 'json' || dialect === 'rest-json') return { status: 200, headers: JSON_TYPE, body: '{}' }
  if (dialect === 'cbor') return { status: 200, headers: CBOR, body: Buffer.from(encode({})) }
  if (dialect === 's3') return { status: 200, headers: {}, body: '' }
  return { status: 200, headers: XML, body: '<PublishResponse><PublishResult/></PublishResponse>' }
}

/** Names in a user agent what the upstream is to answer. */
export function wish(dialect: Dialect, status: number, code: string): string {
  return `wish/${dialect}.${status}.${code}`
}

/** Starts an upstream that answers each call with the error that its user agent names, `times` times, then with success. */
export async function startRetryUpstream(times: number): Promise<{
  readonly upstream: RecordingUpstream
  /** How often each call came, by its invocation id, in order. */
  readonly attempts: () => readonly number[]
}> {
  const counts = new Map<string, number>()
  const upstream = await RecordingUpstream.start((recorded, reply) => {
    const id = String(recorded.headers['amz-sdk-invocation-id'])
    const count = (counts.get(id) ?? 0) + 1
    counts.set(id, count)
    const { status, headers, body } = answerTo(recorded, count <= times)
    reply.writeHead(status, headers).end(body)
  })
  return { upstream, attempts: () => [...counts.values()] }
}

function answerTo({ headers }: Recorded, isError: boolean): Spelled {
  // Each client puts it in a place of its own, and some write another mark for the slash.
  const [, dialect = 'json', status = '500', code = 'NoWish'] =
    /wish\W([\w-]+)\.(\d+)\.(\w+)/.exec([headers['user-agent'], headers['x-amz-user-agent']].join(' ')) ?? []
  return isError ? errorIn(dialect as Dialect, Number(status), code) : successIn(dialect as Dialect)
}
