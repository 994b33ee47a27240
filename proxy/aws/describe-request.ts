/** Describes a request that is given as a line of JSON, for `moderato catalogue identify`. */
import { z } from 'zod'
import { Denial } from '../core/denial/denial.ts'
import { callFields, type Call } from '../core/call.ts'
import type { RequestHead } from '../core/http/request-head.ts'
import { HeaderFields } from '../core/http/headers.ts'
import { withPlainSpaces } from '../core/http/plus-signs.ts'
import { parseQueryAuthorization, queryForm } from '../sigv4/query-authorization.ts'
import { readingOf } from '../sigv4/reading.ts'
import type { Catalogue } from './catalogue/types.ts'
import { addressing } from './endpoints/addressing.ts'
import { unknownCall } from './classify/classify-call.ts'
import { partitionOf } from './endpoints/endpoints.ts'
import { callOfOperation, identifyWith } from './read-call.ts'

const Line = z.object({
  method: z.string(),
  /** The raw request target, or the whole URL. */
  url: z.string(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  body: z.base64().nullish(),
})

/** Describes a request as the catalogue identifies it. */
export interface Description extends Pick<
  Call,
  'service' | 'operation' | 'actions' | 'resources' | 'count' | 'class' | 'classes' | 'traits' | 'accessLevel'
> {
  /** The reason why the request was not identified; null if it was. */
  readonly reason: string | null
}

function describe(call: Call, reason: string | null): Description {
  return { ...callFields(call), accessLevel: call.accessLevel, reason }
}

/** Returns the description of a request that is not identified. */
export function notIdentified(reason: string): Description {
  return describe(unknownCall('rest-json'), reason)
}

function headOf({ method, url, headers }: z.infer<typeof Line>): RequestHead {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '') || '/'
  const mark = target.indexOf('?')
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().flatMap((each) => [name, each]),
  )
  return {
    method,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : withPlainSpaces(target.slice(mark + 1)),
    headers: new HeaderFields(fields),
  }
}

/** Matches a credential scope; SigV4a's has no region. */
const SCOPE = /Credential=[^\s,/]+\/\d{8}\/(?:([^\s,/]*)\/)?([^\s,/]+)\/aws4_request/

const NO_SCOPE = 'no credential scope in header or query string'

interface Described {
  readonly head: RequestHead
  readonly region: string
  readonly service: string
}

/** Matches the request targets that the listener accepts (`checkHead`). */
const TARGET = /^\/[!"$-~]*$/

/** Returns the head as its service reads it, with the scope of its signature; text says why it cannot be read. */
function read(head: RequestHead): Described | string {
  const { path, query, headers } = head
  if (!TARGET.test(path) || !TARGET.test(`/${query}`))
    return 'the request target must start with "/", and hold nothing that must be percent-encoded'
  if (headers.has('authorization')) {
    if (queryForm(query) !== undefined) return 'a signature both in the header and in the query string'
    const set = headers.one('x-amz-region-set') ?? ''
    const [, region = set, service = ''] = SCOPE.exec(headers.one('authorization') ?? '') ?? []
    return service === '' ? NO_SCOPE : { head, region, service }
  }
  if (queryForm(query) !== 'sigv4') return NO_SCOPE
  const authorization = parseQueryAuthorization(query)
  return { head: readingOf(head, authorization), ...authorization.scope }
}

const addressed = addressing({ hosts: [] })

/** Moves a bucket from the host into the path. A host that a listener would refuse is ignored: there is no listener. */
function located({ head, region, service }: Described): RequestHead {
  const { method, query, headers } = head
  try {
    return { method, query, headers, path: addressed(head, { date: '', region, service }).path }
  } catch (error) {
    if (error instanceof Denial) return head
    throw error
  }
}

/** Describes a request. Never rejects: one that cannot be read is described as unknown, with a reason. */
export async function describeRequest(
  catalogue: Catalogue,
  line: string,
  accountId: string | undefined,
): Promise<Description> {
  try {
    const given = Line.parse(JSON.parse(line))
    const described = read(headOf(given))
    if (typeof described === 'string') return notIdentified(described)
    const { region, service } = described
    const head = located(described)
    const bytes = Buffer.from(given.body ?? '', 'base64')
    const found = await identifyWith(catalogue, head, service, () => Promise.resolve(bytes))
    if (found.kind === 'unknown') return notIdentified(found.reason)
    const place = { partition: partitionOf(region), region, accountId }
    return describe(callOfOperation(found, head, bytes, place), null)
  } catch (error) {
    if (error instanceof Denial) return notIdentified(error.message)
    if (error instanceof z.ZodError) return notIdentified(z.prettifyError(error))
    return notIdentified(
      error instanceof SyntaxError ? 'the line is not JSON' : `a bug in Moderato: ${String(error)}`,
    )
  }
}
