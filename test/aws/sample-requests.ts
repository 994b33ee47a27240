/** Requests made from the catalogue itself: one value put where a locator points, everything else as small as can be. */
import { encode } from 'cborg'
import type { Locator, Operation } from '../../proxy/aws/catalogue/types.ts'
import type { Sample } from './requests.ts'

/** A value; members by name; undefined leaves the place out. */
export type Given = string | Readonly<Record<string, string>> | undefined

type Tree = string | { readonly [key: string]: Tree }

function nested(steps: readonly string[], value: Exclude<Given, undefined>): Tree {
  const [step, ...rest] = steps
  if (step === undefined) return value
  if (step === '@') return { [typeof value === 'string' ? value : 'key']: {} }
  return { [step === '*' ? 'entry-of-a-map' : step]: nested(rest, value) }
}

function xmlOf(tree: Tree): string {
  if (typeof tree === 'string') return tree
  return Object.entries(tree)
    .map(([name, inside]) => `<${name}>${xmlOf(inside)}</${name}>`)
    .join('')
}

/** Names and values; a map's entry is spelled out. */
function formOf(tree: Tree, name = ''): string[] {
  if (typeof tree === 'string') return [`${name}=${encodeURIComponent(tree)}`]
  return Object.entries(tree).flatMap(([key, inside]) => {
    const at = name === '' ? key : `${name}.${key}`
    if (key !== 'entry-of-a-map') return formOf(inside, at)
    return [`${name}.entry.1.key=k`, ...formOf(inside, `${name}.entry.1.value`)]
  })
}

interface Head {
  readonly method: string
  readonly target: string
  readonly headers: string[]
}

/** Method, path, query and headers of a REST operation, with the value in its place if it is one of them. */
function restHead(operation: Operation, at: Locator, value: Given): Head {
  const name = at.steps[0] ?? ''
  const [method = '', uri = ''] = operation.http.split(' ')
  const [template = '', literals = ''] = uri.split('?')
  const path = template.replace(/\{([^}+]+)\+?\}/g, (_, label: string) =>
    encodeURIComponent(at.from === 'u' && label === name && typeof value === 'string' ? value : 'label'),
  )
  const query = literals === '' ? [] : [literals]
  for (const key of operation.requiredQuery) if (!(at.from === 'q' && key === name)) query.push(`${key}=1`)
  if (at.from === 'q' && typeof value === 'string') query.push(`${name}=${encodeURIComponent(value)}`)
  const headers = operation.requiredHeaders.flatMap((each) => (each === name ? [] : [each, 'x']))
  if (at.from === 'h' && typeof value === 'string') headers.push(name, value)
  return { method, target: query.length === 0 ? path : `${path}?${query.join('&')}`, headers }
}

/** The request of an operation with one value in one place. */
export function requestWith(operation: Operation, at: Locator, value: Given): Sample {
  const { service, name } = operation
  const scope = service.signingNames[0] ?? ''
  const inBody = at.from === 'b' && value !== undefined
  const tree: Tree = inBody ? nested(at.steps, value) : {}
  if (operation.http !== '') {
    const { method, target, headers } = restHead(operation, at, value)
    const isXml = service.protocols[0] === 'rest-xml'
    const body = !inBody ? '' : isXml ? `<Root>${xmlOf(tree)}</Root>` : JSON.stringify(tree)
    return { scope, method, target, headers, body }
  }
  const [protocol = ''] = service.protocols
  if (protocol === 'query' || protocol === 'ec2') {
    const body = [`Action=${name}`, `Version=${service.version}`, ...(inBody ? formOf(tree) : [])].join('&')
    return { scope, headers: ['Content-Type', 'application/x-www-form-urlencoded'], body }
  }
  if (protocol === 'cbor') {
    const headers = ['Smithy-Protocol', 'rpc-v2-cbor', 'Content-Type', 'application/cbor']
    const target = `/service/${service.target}/operation/${name}`
    return { scope, target, headers, body: Buffer.from(encode(tree)) }
  }
  const headers = ['X-Amz-Target', `${service.target}.${name}`, 'Content-Type', 'application/x-amz-json-1.0']
  return { scope, headers, body: JSON.stringify(tree) }
}
