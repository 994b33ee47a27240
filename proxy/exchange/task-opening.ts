/** The opening of a task, from what was asked to what was granted. */
import type { Grant, Session, Statement } from '../core/agent.ts'
import type { Need } from './approval-need.ts'

/** Who opens it, proved. */
export interface Opener {
  readonly agentId: string
  readonly root: string
  /** How it proved that: the provider's name, `static-key`, `session`. */
  readonly by: string
  /** Whom the provider vouched for: the subject of a token, or a SPIFFE ID. */
  readonly subject?: string
  /** The session that it opens the task from: then it gets no more than that has. */
  readonly parent: Session | undefined
}

export interface TaskRequest {
  /** Given by the agent, or made here. */
  readonly id: string | undefined
  readonly intent: string | undefined
  readonly justification: string | undefined
  readonly ticket: string | undefined
  /** Empty: whatever the agent itself may do. */
  readonly grants: readonly Grant[]
  /** Of a session policy; they narrow further. */
  readonly statements: readonly Statement[] | undefined
  readonly durationSeconds: number | undefined
  readonly roleArn: string | undefined
  readonly traceId: string | undefined
  /** What it says of itself: that its command runs with the rights of whoever started it (rule S22). */
  readonly sameUser: boolean | undefined
  /** An open task of this name is carried on, as SDKs do that fetch credentials anew. */
  readonly mayContinue: boolean
}

/** A task that somebody proved wants opened; policy has not been asked yet. */
export interface ProvedTaskRequest {
  readonly opener: Opener
  readonly asked: TaskRequest
}

/** A task that policy lets be opened. */
export interface TaskGrant {
  readonly session: Session
  readonly asked: TaskRequest
  readonly openedBy: string
  /** Of its opener. */
  readonly subject: string | undefined
  readonly policy: { readonly engine: string; readonly revision: string; readonly rules: readonly string[] }
  /** The open task of this name that it carries on, as it was when it was judged. */
  readonly before: OpenEntry | undefined
  /** How many people must approve it, and why. */
  readonly need: Need
  /** What policy grants it for, whatever its parent has left. */
  readonly durationSeconds: number
  /** What people said yes to, if they had to. */
  readonly approved?: ApprovedTask
}

export interface ApprovedTask {
  /** Of the approval. */
  readonly id: string
  readonly digest: string
  /** When it was opened by it: a revocation since then ended what they approved, too. */
  readonly openedAtMs: number
  /** When what they approved ends: it can be carried on until then, and no longer. */
  readonly untilMs: number
}

/** What the ledger keeps of an open task, for operators; it needs no secret and gives no right. */
export interface OpenTask {
  readonly agentId: string
  readonly root: string
  readonly taskId: string
  readonly intent: string
  readonly ticket: string
  readonly justificationHash: string
  readonly openedBy: string
  readonly openedAtMs: number
  readonly ancestors: readonly string[]
  readonly approved?: ApprovedTask | undefined
}

/** Of the ledger, which takes nothing that was not sealed here. */
export interface OpenEntry extends OpenTask {
  readonly expiresAtMs: number
}

/** What a request to Moderato itself is about, as its records tell it; nothing on the route of a call. */
export interface TaskFacts {
  readonly taskRequest?: ProvedTaskRequest
  /** What policy grants, once it was asked. */
  readonly taskGrant?: TaskGrant
  /** The task that is ended or asked about. */
  readonly namedTask?: string
}
