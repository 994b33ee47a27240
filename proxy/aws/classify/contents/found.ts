/** Defines what a reader finds in a document: API calls that will be made with it, and resources that it changes. */
import { HeaderFields } from '../../../core/http/headers.ts'
import type { RequestParts } from '../../resources/locate.ts'
import type { Document, DocumentObject } from '../../protocols/tree.ts'

/** Describes an API call that a document contains. */
export interface ContainedCall {
  readonly kind: 'call'
  /** The service as SDKs, IAM or botocore call it: `dynamodb`, `cloudwatchlogs`, `elasticmapreduce`. */
  readonly service: string
  /** In any case, with or without hyphens: `deleteTable`, `terminate-instances`. */
  readonly action: string
  /** Parameters by the model's names, as far as the document gives them. */
  readonly parameters: Document
  /** True if it may be made any number of times, or on things that are chosen later. */
  readonly repeats: boolean
}

/** Describes a resource that a document creates, changes or deletes. */
export interface ContainedResource {
  readonly kind: 'resource'
  /** CloudFormation's name: `AWS::IAM::Role`. */
  readonly type: string
  readonly change: 'create' | 'update' | 'delete'
  /** For an update: only those that change. A property that is removed is null. */
  readonly properties: Document
  /** `DeletionPolicy` and `UpdateReplacePolicy`. */
  readonly policies: readonly Document[]
}

/** Describes what is known of a part by its name alone: a document of AWS's own. */
export interface NamedEffect {
  readonly kind: 'effect'
  /** Classes and traits. */
  readonly said: readonly string[]
  /** How many things it acts on. */
  readonly count: number
  readonly repeats: boolean
}

/** Marks a part whose effect is unknown: a macro, a script, an unknown action. */
export const UNREADABLE = { kind: 'unreadable' } as const

export type Found = ContainedCall | ContainedResource | NamedEffect | typeof UNREADABLE

/** A Reader finds what a value of a call contains; a value that is no document is `UNREADABLE`. */
export type Reader = (value: Document) => readonly Found[]

export function call(service: string, action: string, parameters?: Document): ContainedCall {
  return { kind: 'call', service, action, parameters, repeats: false }
}

/** Marks what is found as made any number of times. */
export function repeated(found: readonly Found[]): Found[] {
  return found.map((each) => ('repeats' in each ? { ...each, repeats: true } : each))
}

const NO_HEADERS = new HeaderFields([])

/** Returns the parameters of a contained call as if they were a body: rules on headers and paths find nothing there. */
export function partsOf(parameters: Document): RequestParts {
  return { labels: new Map(), query: new Map(), headers: NO_HEADERS, path: '', body: parameters }
}

/** Returns the value if it is an object; an empty object otherwise. */
export function objectOf(value: Document): DocumentObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as DocumentObject) : {}
}

/** Returns the value if it is text; empty text otherwise. */
export function textIn(value: Document): string {
  return typeof value === 'string' ? value : ''
}

/** Returns every object of a tree, the root included, in document order. */
export function objectsIn(node: Document, found: DocumentObject[] = []): DocumentObject[] {
  if (typeof node !== 'object' || node === null) return found
  if (!Array.isArray(node)) found.push(node as DocumentObject)
  for (const each of Object.values(node)) if (typeof each === 'object') objectsIn(each as Document, found)
  return found
}
