/** Defines the ports through which stages reach the outside world, named by role. compose.ts passes them in. */
import type { Agent } from './agent.ts'

/** A Clock gives the current time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number
}

/** An Owner is an agent with the secret that verifies its signatures. */
export interface Owner {
  readonly agent: Agent
  readonly secretAccessKey: string
  /** The time since which the key has had this owner and secret, in milliseconds since the epoch; undefined: always. */
  readonly sinceMs?: number | undefined
}

/** An AgentStore finds the owner of an access key. */
export interface AgentStore {
  /**
   * Returns the owner of an access key id, with its session token if there is one. Throws a Denial if the key is
   * unknown, expired or revoked.
   */
  find(accessKeyId: string, sessionToken: string | undefined): Owner
}

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** The time at which a session ends; undefined if unknown or never. */
  readonly expiration?: Date | undefined
}

/** Says which credentials sign: Moderato's own, or a role session with a policy for the whole task or for one call. */
export type SignedAs = 'plain' | { readonly role: string; readonly policy: 'task' | 'call' }

/** A Signer holds the credentials that sign a call, and their kind for the audit record. */
export interface Signer {
  readonly credentials: Credentials
  readonly as: SignedAs
}

/** A CredentialSource returns upstream credentials. It fetches them when a call needs them and renews them before they expire. */
export interface CredentialSource {
  current(): Credentials | Promise<Credentials>
}

/** A Timer calls back later. */
export interface Timer {
  /** Calls `fire` once, `ms` milliseconds from now; the function it returns cancels that. */
  after(ms: number, fire: () => void): () => void
}
