/** One row of the denial table. */
export interface DenialRow {
  readonly code: string
  readonly status: number
  readonly retryable: boolean
  readonly decision: 'deny' | 'throttle' | 'abort' | 'error'
  readonly next: string
}
