/** Describes a call of an AWS service in IAM's terms. */
import type { AccessLevel, ActionClass, Trait } from './action-class.ts'

/** Lists the wire protocols of AWS services, by the names that their models use. */
export type Protocol = 'json-1.0' | 'json-1.1' | 'rest-json' | 'rest-xml' | 's3' | 'query' | 'ec2' | 'cbor'

/**
 * Holds facts about a call by name: true, a list of values, or for tags the values by key. Facts that do not apply are
 * left out.
 */
export type CallFacts = Readonly<
  Record<string, boolean | readonly string[] | Readonly<Record<string, readonly string[]>>>
>

/** Describes what a request does, in IAM's terms. */
export interface Call {
  /** IAM prefix (`s3`, `states`); `unknown` if not in the catalogue. */
  readonly service: string
  /** The model's own name of the service (botocore's: `s3control`, `stepfunctions`); picks the endpoint. */
  readonly model: string
  /** The model's operation name (`DeleteTable`); null if not identified. */
  readonly operation: string | null
  readonly protocol: Protocol
  readonly actions: readonly string[]
  /** ARNs; `*` where only the service knows. */
  readonly resources: readonly string[]
  /** How many things it touches; never below 1. */
  readonly count: number
  readonly class: ActionClass
  readonly classes: readonly ActionClass[]
  readonly traits: readonly Trait[]
  /** The names of the operators' rules that changed its classes (`catalogue.overrides`); undefined if there are none. */
  readonly overrides?: readonly string[] | undefined
  /** Parts of the request that the model does not have: `Table.Name`, `?key`, `x-amz-name`. */
  readonly unmodelled: readonly string[]
  /** Selected parameters under stable names: docs/policy.md has them all. */
  readonly facts: CallFacts
  readonly accessLevel: AccessLevel
  /**
   * Returns ARN patterns of what AWS reads when the call runs, and others can change. Undefined for a call that changes
   * nothing, and once people have been asked: it keeps the parsed request.
   */
  readonly reads?: (() => readonly string[]) | undefined
  /** The operation's host prefix with its labels filled (`api.`, `123456789012.`); empty if none. */
  readonly hostPrefix: string
  /** S3: bucket name in the request, for regional and virtual-host endpoints. */
  readonly bucket: string | undefined
}

/** The fields by which people, policy and records know a call, in the order of the contract. */
export type CallFields = Pick<
  Call,
  'service' | 'operation' | 'actions' | 'resources' | 'count' | 'class' | 'classes' | 'traits'
>

/** Returns those fields of a call, and nothing that only the wire needs. */
export function callFields(call: CallFields): CallFields {
  const { service, operation, actions, resources, count, class: label, classes, traits } = call
  return { service, operation, actions, resources, count, class: label, classes, traits }
}
