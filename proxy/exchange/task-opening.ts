/** Declares the opening of a task, from the request to the grant. */
import type { Grant, Session, Statement } from '../core/agent.ts'
import type { Need } from './approval-need.ts'

/** The identity that opens a task, once it is proved. */
export interface Opener {
  readonly agentId: string
  readonly root: string
  /** The kind of proof: the provider's name, `static-key` or `session`. */
  readonly by: string
  /** The subject of the token, or the SPIFFE ID, that the provider vouched for. */
  readonly subject?: string
  /** The session that opens the task; the task gets no more than that session has. */
  readonly parent: Session | undefined
}

/** A task as an agent asks for it. */
export interface TaskRequest {
  /** The name that the agent gave; undefined: Moderato makes one. */
  readonly id: string | undefined
  readonly intent: string | undefined
  readonly justification: string | undefined
  readonly ticket: string | undefined
  /** Empty: everything that the agent itself may do. */
  readonly grants: readonly Grant[]
  /** The statements of a session policy; they narrow the grants further. */
  readonly statements: readonly Statement[] | undefined
  readonly durationSeconds: number | undefined
  readonly roleArn: string | undefined
  readonly traceId: string | undefined
  /** True if the agent says that its command runs with the rights of the user who started it (rule S22). */
  readonly sameUser: boolean | undefined
  /** True if an open task of this name is continued, as SDKs do that fetch credentials again. */
  readonly mayContinue: boolean
}

/** A task request whose opener is proved; policy has not been asked yet. */
export interface ProvedTaskRequest {
  readonly opener: Opener
  readonly asked: TaskRequest
}

/** A task that policy lets an agent open. */
export interface TaskGrant {
  readonly session: Session
  readonly asked: TaskRequest
  readonly openedBy: string
  /** The subject of its opener. */
  readonly subject: string | undefined
  readonly policy: { readonly engine: string; readonly revision: string; readonly rules: readonly string[] }
  /** The open task of this name that it continues, as it was when policy was asked. */
  readonly before: OpenEntry | undefined
  /** The approvals that the task needs. */
  readonly need: Need
  /** The duration that policy grants, which may be longer than what the parent has left. */
  readonly durationSeconds: number
  /** The approval that people gave, if the task needed one. */
  readonly approved?: ApprovedTask
}

/** The approval by which a task was opened. */
export interface ApprovedTask {
  /** The id of the approval. */
  readonly id: string
  readonly digest: string
  /** The time of the opening: a revocation after it ended this approval too. */
  readonly openedAtMs: number
  /** The end of the approved time: the task can be continued until then, and no longer. */
  readonly untilMs: number
}

/** The ledger's entry for an open task, for operators; it holds no secret and gives no right. */
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

/** An entry that was read from the ledger, which takes nothing that was not sealed here. */
export interface OpenEntry extends OpenTask {
  readonly expiresAtMs: number
}

/** The task that a request to Moderato itself is about, for its records; there is none on the route of a call. */
export interface TaskFacts {
  readonly taskRequest?: ProvedTaskRequest
  /** The grant, once policy was asked. */
  readonly taskGrant?: TaskGrant
  /** The task that is ended or asked about. */
  readonly namedTask?: string
}
