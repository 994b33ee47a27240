/** States how many people must approve something, and why, in the rules' words. */
export interface Need {
  readonly approvers: 0 | 1 | 2
  readonly why: readonly string[]
  /** The names of the rules that ask; undefined where the policy does not say. */
  readonly rules?: readonly string[] | undefined
}
