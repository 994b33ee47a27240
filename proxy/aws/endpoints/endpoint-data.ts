/** Defines the form of endpoints.json. */

/** Holds a partition's DNS suffixes and its regions. */
export interface PartitionRules {
  readonly dns: string
  readonly dual: string
  readonly regions: readonly string[]
}

/**
 * Holds `host[ signingName[ signingRegion]]` with `{region}`, `{dns}` and `{dual}` to fill; region `*` means SigV4a for
 * any region. It is null if a service's rules need more than a region. There is one value for all, or one for each
 * region and else partition.
 */
export type Hosts = string | null | Readonly<Record<string, string | null>>

/** Describes the endpoints of one service. */
export interface ServiceEndpoints {
  /** The signing name, if the host's row has none. */
  readonly name: string
  readonly hosts: Hosts
  /** The host prefixes that its operations may have; `{label}` stands for a value of the request. */
  readonly prefixes?: readonly string[]
  /** Operations that have another host. */
  readonly special?: readonly { readonly hosts: Hosts; readonly operations: readonly string[] }[]
}

/** Holds the content of endpoints.json. */
export interface EndpointData {
  readonly source: string
  readonly partitions: Readonly<Record<string, PartitionRules>>
  readonly services: Readonly<Record<string, ServiceEndpoints>>
}
