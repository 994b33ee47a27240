/** Defines a request body as a tree of plain values, for every protocol. */
import { Denial } from '../../core/denial/denial.ts'

export type Document =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly Document[]
  | DocumentObject
export interface DocumentObject {
  readonly [key: string]: Document
}

/** Returns a single value as text; empty for a list or an object. */
export function singleText(value: Document): string {
  return typeof value === 'object' ? '' : String(value)
}

/** The most members, elements or parameters of a body: more than any call of AWS has. Each costs time for everybody. */
export const MEMBER_LIMIT = 100_000

export function tooManyMembers(): Denial {
  return new Denial('body_too_large', `The body of this call may have at most ${MEMBER_LIMIT} members here.`)
}
