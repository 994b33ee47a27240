/** Describes how a call that was handed to an upstream connection failed, and what its agent is told. */
import { changesState } from '../../core/action-class.ts'
import type { Call } from '../../core/call.ts'
import { Denial } from '../../core/denial/denial.ts'

/** The error of undici, or of the socket under it. */
type Cause = Error & { readonly code?: string; readonly socket?: { readonly bytesRead?: number } }

/** Describes a call that got no answer, or not a whole one. */
export interface UpstreamFailure {
  readonly error: Cause
  /** False if there never was a connection: the service cannot have acted. */
  readonly wasSent: boolean
  /** True if the service had begun to answer. */
  readonly wasAnswered: boolean
}

/** Lists the errors of a connection that was closed by the other side. */
const CLOSED: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

const MAY_HAVE_ACTED =
  'The connection to the service broke, but it may have done the call. Check before you retry.'

/**
 * Tells whether a kept connection was closed as the call was sent on it, so that the service most likely never saw it. A
 * connection that brought nothing before was a new one.
 */
export function wasStale({ error, wasSent, wasAnswered }: UpstreamFailure): boolean {
  if (!wasSent || wasAnswered || error.socket?.bytesRead === 0) return false
  return CLOSED.has(error.code ?? '')
}

/** Returns the denial of a failed call. It says whether the service may have acted. */
export function failureDenial({ error, wasSent }: UpstreamFailure, call: Pick<Call, 'classes'>): Denial {
  if (error instanceof Denial) return error
  if (error.cause instanceof Denial) return error.cause
  const options = { cause: error }
  if (error.code === 'ERR_STREAM_PREMATURE_CLOSE')
    return new Denial('client_gone', 'The client closed its connection before its whole body came.', options)
  if (error.code === 'UND_ERR_HEADERS_TIMEOUT' || error.code === 'UND_ERR_BODY_TIMEOUT')
    return new Denial('upstream_timeout', 'The service did not answer in time.', options)
  if (!wasSent) return new Denial('upstream_unreachable', 'The service could not be reached.', options)
  return new Denial('upstream_unreachable', 'The service did not answer.', {
    ...options,
    ...(changesState(call.classes) ? { next: MAY_HAVE_ACTED } : {}),
  })
}
