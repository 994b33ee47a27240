/**
 * Finds idempotency tokens. SDKs make a new one for each call, so the call that people approved has another one when it
 * is made again. They say nothing of what a call does, and stay out of its digest.
 */
import { endOfString } from '../aws/protocols/document.ts'
import type { Protocol } from '../core/call.ts'

/** Members that botocore's models mark `idempotencyToken`, but for names that elsewhere mean something. */
const NAMES = new Set([
  'ClientToken',
  'clientToken',
  'ClientRequestToken',
  'clientRequestToken',
  'IdempotencyToken',
  'idempotencyToken',
])
/** Fields and query keys that the same models write them as. */
const HEADERS = new Set(['client-token', 'x-amz-client-token', 'x-amzn-client-token', 'x-client-token'])
const QUERY_KEYS = new Set([...NAMES, 'client-token'])

/** Where a member of that name says which thing is meant. */
const MEANINGFUL = [
  /^codepipeline:(?:Acknowledge|Get|Put)ThirdPartyJob/,
  /^cloudformation:RecordHandlerProgress$/,
  /^codestar-notifications:Subscribe$/,
  /^workspaces:RejectAccountLinkInvitation$/,
]

/** A token as SDKs make them, and nothing that could hide more: no escape, no separator, no markup. */
const TOKEN = /^[A-Za-z0-9_-]{1,128}$/

export interface Tokens {
  header(name: string): boolean
  query(text: string): string
  body(bytes: Buffer): Buffer
}

/** Returns what takes the tokens out of one call; of an operation without tokens, leaves all as it is. */
export function tokensOf(operation: string, protocol: Protocol): Tokens {
  if (MEANINGFUL.some((pattern) => pattern.test(operation))) return NONE
  const form = protocol === 'query' || protocol === 'ec2'
  return {
    header: (name) => HEADERS.has(name.toLowerCase()),
    query: (text) => withoutPairs(text, QUERY_KEYS),
    body: (bytes) =>
      form ? ofText(bytes, (text) => withoutPairs(text, NAMES)) : ofText(bytes, withoutMember),
  }
}

const NONE: Tokens = { header: () => false, query: (text) => text, body: (bytes) => bytes }

/** Latin-1 keeps every byte apart, whatever the bytes are. */
function ofText(bytes: Buffer, change: (text: string) => string): Buffer {
  return Buffer.from(change(bytes.toString('latin1')), 'latin1')
}

function withoutPairs(text: string, names: ReadonlySet<string>): string {
  return text
    .split('&')
    .map((pair) => {
      const end = pair.indexOf('=')
      return end > 0 && names.has(pair.slice(0, end)) && TOKEN.test(pair.slice(end + 1))
        ? pair.slice(0, end + 1)
        : pair
    })
    .join('&')
}

/** Empties the tokens among the members of the outermost object. The text is known to be valid JSON. */
function withoutMember(text: string): string {
  let [depth, kept, from] = [0, '', 0]
  let name: string | undefined
  let isValue = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '{' || char === '[') {
      depth++
      isValue = false
    } else if (char === '}' || char === ']') depth--
    else if (char === ':') isValue = depth === 1
    else if (char === ',') isValue = false
    else if (char === '"') {
      const end = endOfString(text, at)
      const string = depth === 1 ? text.slice(at + 1, end) : ''
      if (depth === 1 && !isValue) name = string
      else if (depth === 1 && name !== undefined && NAMES.has(name) && TOKEN.test(string)) {
        kept += text.slice(from, at + 1)
        from = end
      }
      at = end
    }
  }
  return kept + text.slice(from)
}
