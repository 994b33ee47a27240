/** Fetches the upstream credentials of a call. It is the last slow step, so no call that is refused costs a fetch. */
import type { Approved, Equipped, Paced } from '../exchange/exchange.ts'
import type { Signer } from '../core/ports.ts'

/** Declares what `attachCredentials` needs. */
export interface AttachCredentialsDeps {
  /** Finds a call's credentials. Denial `upstream_credentials` where there are none. */
  readonly signers: { of(exchange: Paced): Signer | Promise<Signer> }
  /** Throws the Denial of a call that would not be let through any more. */
  readonly recheck: (exchange: Approved) => void
}

/** Adds the credentials that sign the call. A call that had to wait for them is judged again (rule S4). */
export function attachCredentials({ signers, recheck }: AttachCredentialsDeps) {
  async function fetched(exchange: Paced, signer: Promise<Signer>): Promise<Equipped> {
    const equipped = { ...exchange, signer: await signer }
    recheck(exchange)
    return equipped
  }
  return function attachCredentials(exchange: Paced): Equipped | Promise<Equipped> {
    const signer = signers.of(exchange)
    return signer instanceof Promise ? fetched(exchange, signer) : { ...exchange, signer }
  }
}
