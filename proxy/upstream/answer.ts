/** What a service answered, as far as it is recorded. */
export interface UpstreamAnswer {
  readonly status: number
  readonly requestId: string | undefined
  readonly errorCode: string | undefined
  readonly durationMs: number
}
