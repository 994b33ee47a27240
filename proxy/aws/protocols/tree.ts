/** A request body as a tree of plain values, whatever it was spelled in. */
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

/** A single value as text; a list or an object has none. */
export function singleText(value: Document): string {
  return typeof value === 'object' ? '' : String(value)
}

/** More members, elements or parameters than any call of AWS has; each costs time in which nobody else is served. */
export const MEMBER_LIMIT = 100_000

export function tooManyMembers(): Denial {
  return new Denial('body_too_large', `The body of this call may have at most ${MEMBER_LIMIT} members here.`)
}
