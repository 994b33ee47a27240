/** The port to identity providers: who a workload is, by a token or a certificate that they vouch for. */

/** A workload, proved, and the agent that the provider's rules make of it. */
export interface Workload {
  readonly agentId: string
  /** Whose budget it shares (rule S20). */
  readonly root: string
  /** The provider's name in the configuration. */
  readonly provider: string
  readonly subject: string
  readonly audience: string
  /** SHA-256 (hex) of the token or certificate; names its use, and reveals nothing. */
  readonly proofHash: string
  /** The token's own end. */
  readonly expiresAtMs: number
}

export interface Identities {
  /**
   * Denials `identity_malformed`, `identity_unknown_issuer`, `identity_signature`, `identity_audience`,
   * `identity_expired`, `identity_unmapped`, `identity_unavailable`.
   */
  ofToken(token: string): Promise<Workload>
}
