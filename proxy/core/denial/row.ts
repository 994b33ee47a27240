/** A row says how one reason for a refusal is answered. */
export interface DenialRow {
  readonly code: string
  readonly status: number
  readonly retryable: boolean
  readonly decision: 'deny' | 'throttle' | 'abort' | 'error'
  readonly next: string
}
