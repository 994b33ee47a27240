/** A request body as a tree of plain values, whatever it was spelled in. */
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
