export interface BodyLimits {
  /** The largest body that is held whole. */
  readonly bufferedBodyBytes: number
  /** A body that brings less than this in each second, averaged over the pause allowed, is cut off. */
  readonly bodyMinBytesPerSecond: number
  /** How long a body may fall behind that rate. */
  readonly bodyPauseMs: number
}
