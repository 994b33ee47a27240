/** Ports named by role: what stages need of the world, passed in by compose.ts. */
import type { Agent } from './agent.ts'

export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number
}

/** An agent with the secret that verifies its signatures. */
export interface Owner {
  readonly agent: Agent
  readonly secretAccessKey: string
  /** Since when the key has had this owner and this secret; milliseconds since the epoch, undefined: always. */
  readonly sinceMs?: number | undefined
}

export interface AgentStore {
  /**
   * The owner of an access key id, by itself or with the session token that goes with it. Throws a Denial for one that
   * is not known, or not any more.
   */
  find(accessKeyId: string, sessionToken: string | undefined): Owner
}

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** When a session ends; undefined if that is not known, or never. */
  readonly expiration?: Date | undefined
}

/** Moderato's own credentials as they are, or a session of a role with a policy of the whole task or of one call. */
export type SignedAs = 'plain' | { readonly role: string; readonly policy: 'task' | 'call' }

/** What a call is signed with, and what that is, for its record. */
export interface Signer {
  readonly credentials: Credentials
  readonly as: SignedAs
}

/** Upstream credentials, fetched only when a call is about to leave, refreshed before they expire. */
export interface CredentialSource {
  current(): Credentials | Promise<Credentials>
}
export interface Timer {
  /** Calls `fire` once, `ms` from now; the answer cancels it. */
  after(ms: number, fire: () => void): () => void
}
