/** A request given as a line of JSON, and what it would be taken for: `moderato catalogue identify`. */
import { z } from 'zod'
import { Denial } from '../denial.ts'
import type { Call, RequestHead } from '../exchange.ts'
import { HeaderFields } from '../headers.ts'
import type { Catalogue } from './catalogue/catalogue.ts'
import { unknownCall } from './classify-call.ts'
import { callOf, identifyWith } from './read-call.ts'

const Line = z.object({
  method: z.string(),
  /** The raw request target. */
  url: z.string(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  body: z.string().default(''),
})

export interface Description extends Pick<
  Call,
  'service' | 'operation' | 'actions' | 'resources' | 'count' | 'class' | 'classes' | 'traits' | 'accessLevel'
> {
  /** Why the request was not identified; null if it was. */
  readonly reason: string | null
}

function describe(call: Call, reason: string | null): Description {
  const { service, operation, actions, resources, count, classes, traits, accessLevel } = call
  return {
    service,
    operation,
    actions,
    resources,
    count,
    class: call.class,
    classes,
    traits,
    accessLevel,
    reason,
  }
}

function notIdentified(reason: string): Description {
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
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: new HeaderFields(fields),
  }
}

const SCOPE = /Credential=[^\s,/]+\/\d{8}\/([^\s,/]*)\/([^\s,/]+)\/aws4_request/

/** Service and region of the signature's scope, from the header or a presigned query. */
function scopeOf({ headers, query }: RequestHead): { region: string; service: string } | undefined {
  const presigned = /(?:^|&)X-Amz-Credential=([^&]*)/i.exec(query)?.[1]
  const text =
    headers.one('authorization') ?? (presigned && `Credential=${presigned.replaceAll(/%2f/gi, '/')}`)
  const found = text === undefined ? null : SCOPE.exec(text)
  return found === null ? undefined : { region: found[1] ?? '', service: found[2] ?? '' }
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

/** Never rejects: what cannot be read is described as unknown with a reason. */
export async function describeRequest(
  catalogue: Catalogue,
  line: string,
  accountId: string | undefined,
): Promise<Description> {
  try {
    const given = Line.parse(JSON.parse(line))
    const head = headOf(given)
    const scope = scopeOf(head)
    if (scope === undefined) return notIdentified('no credential scope in the authorization header')
    const bytes = Buffer.from(given.body, 'base64')
    const found = await identifyWith(catalogue, head, scope.service, () => Promise.resolve(bytes))
    if (found.kind === 'unknown') return notIdentified(found.reason)
    const place = { partition: partitionOf(scope.region), region: scope.region, accountId }
    return describe(callOf(found, head, bytes, place), null)
  } catch (error) {
    if (error instanceof Denial) return notIdentified(error.message)
    return notIdentified(error instanceof z.ZodError ? z.prettifyError(error) : 'the line is not JSON')
  }
}
