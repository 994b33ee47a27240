import type { HeaderFields } from './headers.ts'

/** Holds the head of a request as it was on the wire. Nothing in it is decoded or normalised. */
export interface RequestHead {
  readonly method: string
  /** The request target up to the first `?`. */
  readonly path: string
  /** What follows the first `?`; empty if there is none. */
  readonly query: string
  readonly headers: HeaderFields
}
