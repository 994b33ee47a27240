/**
 * Defines the port to identity providers. It says who a workload is, by a token or a certificate that they vouch for.
 */
import type { X509Certificate } from 'node:crypto'

/** Holds a workload, proved, and the agent that the provider's rules make of it. */
export interface Workload {
  readonly agentId: string
  /** Whose budget it shares (rule S20). */
  readonly root: string
  /** The provider's name in the configuration. */
  readonly provider: string
  readonly subject: string
  readonly audience: string
  /**
   * The token that proved it. A certificate is no such proof: its key was shown to be there, so nobody can have seen it
   * pass.
   */
  readonly token: TokenProof | undefined
}

export interface TokenProof {
  /** SHA-256 (hex) of what is signed in it, which names its use and reveals nothing. */
  readonly hash: string
  /** Its own end. */
  readonly expiresAtMs: number
  /** How often it is good in one task. */
  readonly uses: number
  /** In how many tasks it is good. */
  readonly tasks: number
}

export interface Identities {
  /**
   * Returns the workload of a token. Denials `identity_malformed`, `identity_unknown_issuer`, `identity_signature`,
   * `identity_audience`, `identity_expired`, `identity_unmapped`, `identity_unavailable`.
   */
  ofToken(token: string): Promise<Workload>
  /**
   * Returns the workload of a client certificate and what came with it, the leaf first. Denials as of `ofToken`,
   * `missing_credential`.
   */
  ofCertificate(chain: readonly X509Certificate[]): Promise<Workload>
}
