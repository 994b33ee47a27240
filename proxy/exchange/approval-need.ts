export interface Need {
  readonly approvers: 0 | 1 | 2
  readonly why: readonly string[]
}
