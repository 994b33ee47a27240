/** What policy is asked when an agent opens a task, and what it answers. */
import type { Approvers, PolicyAgent, PolicyGrant } from './types.ts'

export interface TaskInput {
  readonly agent: PolicyAgent
  readonly task: {
    readonly id: string
    /** The agent's own words; empty where it gave none. */
    readonly intent: string
    readonly justification: string
    readonly ticket: string
    /** What it asks for; empty: whatever its own grants allow. */
    readonly grants: readonly PolicyGrant[]
    readonly durationSeconds: number
    /** Whether it is opened from another task. */
    readonly child: boolean
  }
}

export interface TaskVerdict {
  readonly allow: boolean
  /** What is left of what was asked for. */
  readonly grants: readonly PolicyGrant[]
  readonly durationSeconds: number
  readonly rules: readonly string[]
  /** For the agent: why not; of a task that it may open, why people must approve that. */
  readonly messages: readonly string[]
  /** How many people must approve a task that may be opened; 0 if it may not. */
  readonly approvals: Approvers
}
