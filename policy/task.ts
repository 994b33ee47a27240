/** What policy is asked when an agent opens a task, and what it answers. */
import type { PolicyAgent, PolicyGrant } from './engine.ts'

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
  readonly messages: readonly string[]
}
