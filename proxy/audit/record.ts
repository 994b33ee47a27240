/** Defines the content of an audit record, without the chain's own members (`seq`, `time`, `prevHash`, `hash`). */

/**
 * Says what a record is about:
 *
 * - `decision`: one for every request; durable before a mutating call is forwarded (rule S3)
 * - `outcome`: one more for every forwarded request, same `requestId`
 * - `refusals`: refusals counted by reason beyond the individual rate: of one agent (rule S28), or without a verified
 *   identity (rule S9)
 * - `start`: the version of Moderato, the effective settings and where each comes from (rule S7)
 * - `seal`: names the torn bytes that a crash left behind
 * - `config`: a reload of the configuration: what changed, or why nothing did
 * - `admin`: one for every write through the admin API, durable before it is carried out; another if it failed
 * - `approval`: an approval was requested, decided by a person, or voided; durable with the next durable record
 * - `drift`: what a watcher found in an agent's behaviour, in words, with the requests that led to it
 * - `breakglass`: one was opened, confirmed or closed; on every replica, and again if a process starts during it
 * - `task`: a task that has ended: why, what it did and what it left behind, as this process saw it (rule S23)
 * - `missing`: a head was noted elsewhere whose record this log lacks: records were removed, or the log was replaced
 * - `lost`: how many records found no room while the log could not be written
 */
export type AuditPhase =
  | 'decision'
  | 'outcome'
  | 'refusals'
  | 'start'
  | 'config'
  | 'admin'
  | 'approval'
  | 'drift'
  | 'breakglass'
  | 'task'
  | 'seal'
  | 'missing'
  | 'lost'

/** Says what would have been done to a call that was let through; what would not have been is left out. */
export interface WouldRecord {
  /** Policy would have denied it. */
  readonly deny?: WouldBe
  /** People would have been asked. */
  readonly ask?: WouldBe
  /** Pace would have held or throttled it. */
  readonly throttle?: WouldBe & {
    /** How long it would only have been held; undefined if it would have been refused. */
    readonly waitMs?: number | undefined
  }
}

export interface WouldBe {
  /** A key of the denial table. */
  readonly reason: string
  /** The names of the rules that say so. */
  readonly rules: readonly string[]
}

/** Describes a break-glass. Times are in ISO 8601. */
export interface BreakglassRecord {
  /** The state when the record was written; expiry leaves no record. */
  readonly state: 'pending' | 'open' | 'closed' | 'ended'
  readonly reason: string
  readonly ticket: string
  readonly classes: readonly string[]
  readonly resources: readonly string[]
  readonly pace: boolean
  readonly openedBy: string
  readonly openedAt: string
  readonly confirmedBy?: string | undefined
  readonly from?: string | undefined
  readonly until: string
  readonly closedBy?: string | undefined
  readonly closedAt?: string | undefined
}

/** Describes the refusals that one record counts. Each of their requests has no other record. */
export interface RefusedCalls {
  /** ISO 8601: the first and the last of them. */
  readonly from: string
  readonly until: string
  /** The number by class. */
  readonly classes: Readonly<Record<string, number>>
  /** The number by operation (`s3:DeleteObjects`), of the operations that came first; `others` for the rest. */
  readonly operations: Readonly<Record<string, number>>
  /** The ids of the first requests. */
  readonly requestIds: readonly string[]
}

/** A TornTail is the end of a segment that is no whole record: a crash cut a write short. Its bytes are kept. */
export interface TornTail {
  /** File name, such as `00000001.jsonl`. */
  readonly segment: string
  /** The start of the torn bytes, in bytes. */
  readonly offset: number
  readonly length: number
  /** The SHA-256 (hex) of exactly those bytes. */
  readonly sha256: string
}

/** An AuditRecord has no secret, no raw URL and no body (rule S8). A member is optional if some phase lacks it. */
export interface AuditRecord {
  readonly phase: AuditPhase
  readonly requestId?: string | undefined
  readonly agent?: string | undefined
  readonly task?: string | undefined
  readonly session?: string | undefined
  readonly trace?: string | undefined
  /** The id of the break-glass that was open for the agent. */
  readonly breakglass?: string | undefined
  readonly service?: string | undefined
  readonly operation?: string | null | undefined
  readonly actions?: readonly string[] | undefined
  readonly resources?: readonly string[] | undefined
  /** How many resources were left out of a bounded record. */
  readonly omitted?: number | undefined
  readonly count?: number | undefined
  readonly class?: string | undefined
  readonly classes?: readonly string[] | undefined
  readonly traits?: readonly string[] | undefined
  /** The redacted policy input: enough for replay and explain. */
  readonly facts?: object | undefined
  readonly decision?: string | undefined
  readonly reason?: string | undefined
  /** The text of the refusal, for people. */
  readonly detail?: string | undefined
  /** Observe mode: the reasons for which enforce mode would have refused or held. */
  readonly wouldDeny?: string | undefined
  readonly wouldThrottle?: string | undefined
  readonly wouldRules?: readonly string[] | undefined
  /** The same in one place: what enforce mode, or a rule that only observes, would have done. */
  readonly would?: WouldRecord | undefined
  /** The names of the pace rules that held or throttled. */
  readonly paceRules?: readonly string[] | undefined
  /** The names or ids of the rules that refused, throttled or asked people: of pace, approvals, policy, freezes, ... */
  readonly rules?: readonly string[] | undefined
  /** The names of the operators' rules that changed the call's classes. */
  readonly overrides?: readonly string[] | undefined
  readonly policy?:
    | { readonly engine: string; readonly revision: string; readonly rules: readonly string[] }
    | undefined
  readonly waitedMs?: number | undefined
  readonly approval?: string | undefined
  readonly upstream?:
    | {
        readonly status?: number | undefined
        readonly requestId?: string | undefined
        readonly errorCode?: string | undefined
        readonly durationMs?: number | undefined
      }
    | undefined
  readonly client?: { readonly address: string; readonly userAgent?: string | undefined } | undefined
  /** Phase `refusals`: the number by reason since the previous such record. */
  readonly refusals?: Readonly<Record<string, number>> | undefined
  /** Phase `refusals` of one agent: what was counted. */
  readonly refused?: RefusedCalls | undefined
  /** Phase `start`: the version of Moderato, from package.json. */
  readonly version?: string | undefined
  /** Phase `start`: effective settings with their sources, secrets masked. */
  readonly settings?: object | undefined
  /** Phase `config`: who asked, the result, and the changed paths with secrets masked, or the reasons for a refusal. */
  readonly config?: object | undefined
  /** Phases `admin` and `approval`: who did what; `client` says from where. */
  readonly admin?:
    | {
        /** The id of a person, or `admin-token`, or `certificate` and the name in it. */
        readonly subject: string
        readonly by: 'shared' | 'token' | 'certificate' | 'callback'
        /** Method and path. */
        readonly does: string
        readonly body?: unknown
      }
    | undefined
  /** Phase `drift`; `detail` explains it. */
  readonly drift?:
    | {
        readonly detector: string
        readonly response: string
        /** How many findings the record tells; `things` are what they are about, `moreThings` are those left out. */
        readonly findings: number
        readonly things: readonly string[]
        readonly moreThings: number
        /** The ids of the newest requests. */
        readonly requestIds: readonly string[]
        /** The number of requests. */
        readonly requests: number
        /** Of the responses `slow` and `approve`: from when and until when, in ISO 8601; how many times as slow. */
        readonly from?: string
        readonly until?: string
        readonly factor?: number | undefined
      }
    | undefined
  /** Phase `breakglass`: who opened it for whom, why, until when, and who closed it. */
  readonly opened?: BreakglassRecord | undefined
  /** Phase `seal`. */
  readonly torn?: readonly TornTail[] | undefined
  /** Phase `missing`: the noted head. */
  readonly missing?: { readonly seq: number; readonly hash: string } | undefined
  /** Phase `lost`. */
  readonly lost?: number | undefined
}
