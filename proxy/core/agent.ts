/** Describes the caller: an agent, the task that it works on, and the session that its credentials belong to. */
import type { ActionClass } from './action-class.ts'

export interface Grant {
  /** `reads-secret` is the trait that no class covers: it must be granted by name (rule S13). */
  readonly classes: readonly (ActionClass | 'reads-secret')[]
  readonly resources: readonly string[]
}

/** A statement is part of a session policy. In actions and resources `*` stands for any characters. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  readonly resources: readonly string[]
}

/** A scope narrows an agent's grants for a task. A call must be covered by every scope of its task. */
export type Scope = { readonly grants: readonly Grant[] } | { readonly statements: readonly Statement[] }

export interface Task {
  readonly id: string
  /** The agent's own words. */
  readonly intent: string | undefined
  /** SHA-256 (hex) of the justification; the text is in the audit record of its opening. */
  readonly justificationHash: string | undefined
  readonly ticket: string | undefined
  /** The role that AssumeRole* named; picks the upstream role. */
  readonly roleArn: string | undefined
  readonly scopes: readonly Scope[]
  /** The tasks that it was opened from, the outermost first: when one of them ends, it ends. */
  readonly ancestors: readonly string[]
}

export interface Session {
  /** Names it in the audit and in revocations. */
  readonly id: string
  readonly agentId: string
  /** Names the budget that it shares: the agent's own id, or the root of all agents of a provider's template (S20). */
  readonly root: string
  readonly task: Task
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

/** An agent is the caller of a request. Its secret stays in the agent store. */
export interface Agent {
  readonly id: string
  readonly root: string
  readonly accessKeyId: string
  /** Undefined for a static access key. */
  readonly session: Session | undefined
}
