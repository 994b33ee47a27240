/** What somebody else says of an operation, to be compared with the catalogue. */

/** An Opinion is what one file says of one operation. What it does not speak of is undefined. */
export interface Opinion {
  /** The services as SDKs name them: one model for each name. Empty if only the prefix is known. */
  readonly models: readonly string[]
  /** The IAM prefix, which several models may share; undefined if the models are known. */
  readonly prefix: string | undefined
  readonly operation: string
  /**
   * The IAM actions that it may be authorized by: `s3:GetObject`, or `*:GetObject` where the service's own prefix is
   * not said. An operation may be authorized by some of them only, according to its parameters.
   */
  readonly actions: readonly string[] | undefined
  /** True if it changes nothing. */
  readonly isReadOnly: true | undefined
}

/** The access level that IAM gives an action. */
export interface ActionNature {
  /** In lower case: `s3:getobject`. */
  readonly action: string
  /** It writes, tags, or changes permissions. */
  readonly changes: boolean
}

/** Holds what the files of one kind say. */
export interface Reference {
  /** As people know the source. */
  readonly title: string
  readonly files: number
  /** IAM prefixes of the services that have a file, whatever that says. */
  readonly prefixes: readonly string[]
  readonly opinions: readonly Opinion[]
  readonly actions: readonly ActionNature[]
}
