/** Lets a call be made again after an answer that asks for it: SDKs repeat it with the very same signature. */
import type { Approvals } from '../../approvals/approvals.ts'
import { callKey } from '../../approvals/stored-approval.ts'
import { retryAskedBy } from '../../aws/errors/retry.ts'
import { changesState } from '../../core/action-class.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Resigned } from '../../exchange/exchange.ts'
import { signedCall, type ReplayDeps } from '../../state/signed-call.ts'
import type { AnsweredError } from './relay.ts'

/** Declares what `allowRetry` needs. */
export interface AllowRetryDeps extends ReplayDeps {
  readonly approvals: Pick<Approvals, 'giveBack'>
}

/**
 * Ends the claim on the signature of a call whose answer asks for a retry (rule S30), so that one copy may go. Where the
 * service has not taken the call up, its approval may be used again. It never fails: what the store cannot undo stays
 * refused.
 */
export function allowRetry({ replays, clockSkew, clock, approvals }: AllowRetryDeps) {
  return (exchange: Resigned, error: AnsweredError | 'unsent'): MaybePromise<void> => {
    const { agent, approval, call } = exchange
    const asked = error === 'unsent' ? 'throttled' : retryAskedBy({ ...error, model: call.model })
    if (asked === undefined) return undefined
    const undone: MaybePromise<unknown>[] = []
    if (changesState(call.classes))
      undone.push(attempt(() => replays.release(signedCall(exchange, clockSkew), clock.nowMs())))
    if (asked === 'throttled' && approval !== undefined)
      undone.push(attempt(() => approvals.giveBack(approval.id, callKey(agent, approval.digest))))
    return undone.some((each) => each instanceof Promise)
      ? Promise.all(undone).then(() => undefined)
      : undefined
  }
}

/** The store says itself when it fails; the call is then as if nobody had asked for a retry. */
function attempt(undo: () => MaybePromise<unknown>): MaybePromise<unknown> {
  try {
    const undone = undo()
    return undone instanceof Promise ? undone.catch(() => undefined) : undone
  } catch {
    return undefined
  }
}
