/** Ports named by role: what stages need of the world, passed in by compose.ts. */
import type { Agent } from './exchange.ts'

export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number
}

export interface AgentStore {
  /** The agent that owns an access key id, with the secret that verifies its signatures. */
  find(accessKeyId: string): { readonly agent: Agent; readonly secretAccessKey: string } | undefined
}

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** When a session ends; undefined if that is not known, or never. */
  readonly expiration?: Date | undefined
}

/** Upstream credentials, fetched only when a call is about to leave, refreshed before they expire. */
export interface CredentialSource {
  current(): Credentials | Promise<Credentials>
}
