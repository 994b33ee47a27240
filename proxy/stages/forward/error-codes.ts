/** Finds the code of a service's error answer, wherever its protocol puts it. */
import { constants, unzipSync } from 'node:zlib'
import { parseDocument } from '../../aws/protocols/document.ts'
import type { Document } from '../../aws/protocols/tree.ts'
import { jsonOrUndefined } from '../../core/json.ts'
import { firstOf } from './answer-fields.ts'

/** Holds the fields of an answer, by their names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

/** More than any error has: what inflates to more is not looked at. */
const INFLATED_BYTES = 1024 * 1024
const CODE = /^[A-Za-z0-9_.]{1,80}$/
const IN_XML = /<Code>\s*([A-Za-z0-9_.]{1,80})\s*<\/Code>/
/** Finds the member in a text that is not whole. */
const IN_TEXT = /"(?:__type|code|Code)"\s*:\s*"(?:[^"\\#]{1,200}#)?([A-Za-z0-9_.]{1,80})[":,]/

/**
 * Returns every code that a client may find, the most telling first; the error's message is not kept. `body` is its
 * beginning, or all of it.
 */
export function errorCodesIn(headers: AnswerHeaders, body: Buffer): readonly string[] {
  const found = [
    codeOf(firstOf(headers['x-amzn-errortype'])),
    codeIn(headers, inflated(headers, body)),
    codeOf(firstOf(headers['x-amzn-query-error'])?.split(';')[0]),
  ]
  return found.filter((code) => code !== undefined)
}

/** Returns the body as its client reads it: services compress answers for clients that ask for it, as `fetch` does. */
function inflated(headers: AnswerHeaders, body: Buffer): Buffer {
  const coding = firstOf(headers['content-encoding'])?.trim().toLowerCase()
  if (coding !== 'gzip' && coding !== 'x-gzip' && coding !== 'deflate') return body
  try {
    // The beginning of a body is enough.
    return unzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: INFLATED_BYTES })
  } catch {
    return NOTHING
  }
}

const NOTHING = Buffer.alloc(0)

function codeIn(headers: AnswerHeaders, body: Buffer): string | undefined {
  if (body.length === 0) return undefined
  if (isCbor(headers)) return codeOfMember(cborOrUndefined(body))
  const text = body.toString('latin1')
  if (text.trimStart().startsWith('<')) return IN_XML.exec(text)?.[1]
  const document = jsonOrUndefined(text)
  return document === undefined ? IN_TEXT.exec(text)?.[1] : codeOfMember(document)
}

function isCbor(headers: AnswerHeaders): boolean {
  return (
    headers['smithy-protocol'] === 'rpc-v2-cbor' || /\/cbor\b/.test(firstOf(headers['content-type']) ?? '')
  )
}

function cborOrUndefined(body: Buffer): Document {
  try {
    return parseDocument('cbor', body)
  } catch {
    return undefined
  }
}

function codeOfMember(document: unknown): string | undefined {
  if (typeof document !== 'object' || document === null) return undefined
  const members: ReadonlyMap<string, unknown> = new Map(Object.entries(document))
  const named = ['__type', 'code', 'Code'].map((name) => members.get(name))
  return codeOf(named.find((value) => typeof value === 'string'))
}

/** Returns the name in `namespace#Name`, `Name:http://...` or `Name`. */
function codeOf(text: string | undefined): string | undefined {
  const name = text?.split(/[:,]/)[0]?.split('#').at(-1)?.trim()
  return name !== undefined && CODE.test(name) ? name : undefined
}
