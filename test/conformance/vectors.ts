/** AWS's own signing cases (awslabs/aws-c-auth, Apache-2.0), read as requests. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { SigningAlgorithm } from '../../proxy/sigv4/types.ts'
import type { WireRequest } from '../sigv4/signing.ts'

const suites = new URL('../../../shared/vectors/aws-signing-test-suite/', import.meta.url)

export const vectorsPresent = existsSync(suites)
if (!vectorsPresent)
  console.warn('SKIPPED: the AWS signing test suite is missing (../shared/vectors/aws-signing-test-suite)')

export interface Vector {
  readonly name: string
  readonly algorithm: SigningAlgorithm
  readonly form: 'header' | 'query'
  readonly request: WireRequest
  readonly canonicalRequest: string
  readonly stringToSign: string
  readonly signature: string
  readonly owner: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly exactPath: boolean
  readonly omitsSessionToken: boolean
  /** SigV4a: the public key's point, hex. */
  readonly publicKey: { readonly X: string; readonly Y: string } | undefined
}

interface Context {
  readonly credentials: { readonly access_key_id: string; readonly secret_access_key: string }
  readonly normalize: boolean
  readonly omit_session_token?: boolean
}

const ALGORITHMS = { v4: 'AWS4-HMAC-SHA256', v4a: 'AWS4-ECDSA-P256-SHA256' } as const

/** The suite writes LF for CRLF, blanks and UTF-8 in targets as they are. */
export function parseVectorRequest(text: string): WireRequest {
  const [head = '', body = ''] = text.split(/\n\n(.*)/s)
  const [requestLine = '', ...lines] = head.replace(/\n[ \t]/g, '\r\n ').split(/(?<!\r)\n/)
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(requestLine) ?? []
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return colon < 0 ? [] : [line.slice(0, colon), line.slice(colon + 1)]
  })
  return { method, path, query, headers, body: Buffer.from(body) }
}

/** Every case of a suite in both forms; the two of SigV4a that have no signatures are left out by the suite itself. */
export function vectorsOf(suite: 'v4' | 'v4a'): Vector[] {
  if (!vectorsPresent) return []
  const folder = new URL(`${suite}/`, suites)
  return readdirSync(folder).flatMap((name) =>
    (['header', 'query'] as const).flatMap((form) => {
      const file = (part: string) => new URL(`${name}/${part}`, folder)
      if (!existsSync(file(`${form}-signature.txt`))) return []
      const text = (part: string) => readFileSync(file(part), 'utf8')
      const context = JSON.parse(text('context.json')) as Context
      return {
        name,
        algorithm: ALGORITHMS[suite],
        form,
        request: parseVectorRequest(text(`${form}-signed-request.txt`)),
        canonicalRequest: text(`${form}-canonical-request.txt`),
        stringToSign: text(`${form}-string-to-sign.txt`),
        signature: text(`${form}-signature.txt`),
        owner: {
          accessKeyId: context.credentials.access_key_id,
          secretAccessKey: context.credentials.secret_access_key,
        },
        exactPath: !context.normalize,
        omitsSessionToken: context.omit_session_token === true,
        publicKey: existsSync(file('public-key.json')) ? JSON.parse(text('public-key.json')) : undefined,
      }
    }),
  )
}
