/** Words that the ports of calls and of tasks share. */
export interface PolicyGrant {
  readonly classes: readonly string[]
  readonly resources: readonly string[]
}

export interface PolicyAgent {
  readonly id: string
  /** Under what its grants are in the data, if not under its id: all agents of one rule share them. */
  readonly root?: string
}

export type Approvers = 0 | 1 | 2
