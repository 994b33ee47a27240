/**
 * Gives upstream credentials: fixed ones from the configuration, or the AWS provider chain's, refreshed before they
 * expire.
 */
import { Denial } from '../core/denial/denial.ts'
import type { CredentialSource, Credentials, Clock } from '../core/ports.ts'

/** How long before their expiry credentials are fetched anew; a call signed now must still be valid on arrival. */
const REFRESH_BEFORE_MS = 5 * 60_000

export interface ExpiringCredentials extends Credentials {
  readonly expiration?: Date | undefined
}

/** A source that says what it has. */
export interface HeldCredentials extends CredentialSource {
  /** Returns what was fetched last, ended or not; undefined before the first time. */
  held(): ExpiringCredentials | undefined
}

/** Returns what to sign with now, at once if it is there; denial `upstream_credentials` if the source has none. */
export function currentCredentials(source: CredentialSource): Credentials | Promise<Credentials> {
  const credentials = source.current()
  return credentials instanceof Promise ? credentials.catch(refuse) : credentials
}

function refuse(cause: unknown): never {
  throw new Denial('upstream_credentials', 'The source of upstream credentials failed.', { cause })
}

export function fixedCredentials(credentials: Credentials): HeldCredentials {
  return { current: () => credentials, held: () => credentials }
}

/**
 * Returns the standard provider chain of the AWS SDK: environment, shared files, SSO, web identity, container,
 * instance. It is loaded when it is first asked: it is large, and who configures credentials needs none.
 */
export function chainCredentials(clock: Clock): HeldCredentials {
  let provider: (() => Promise<ExpiringCredentials>) | undefined
  return refreshed(async () => {
    provider ??= (await import('@aws-sdk/credential-providers')).fromNodeProviderChain()
    return provider()
  }, clock)
}

/**
 * Keeps what `fetch` gave until shortly before it expires. One fetch at a time, whoever asks. A failed refresh keeps
 * credentials that are still valid in use; with none left the failure reaches the caller, who fails closed.
 */
export function refreshed(fetch: () => Promise<ExpiringCredentials>, clock: Clock): HeldCredentials {
  let held: ExpiringCredentials | undefined
  let fetching: Promise<ExpiringCredentials> | undefined

  const validFor = (atMs: number): boolean =>
    held !== undefined && (held.expiration === undefined || held.expiration.getTime() > atMs)

  async function refresh(): Promise<Credentials> {
    fetching ??= fetch().finally(() => {
      fetching = undefined
    })
    try {
      held = await fetching
    } catch (error) {
      if (!validFor(clock.nowMs())) throw error
    }
    if (held === undefined || !validFor(clock.nowMs())) throw new Error('expired credentials were given')
    return held
  }

  return {
    held: () => held,
    current: () => (held !== undefined && validFor(clock.nowMs() + REFRESH_BEFORE_MS) ? held : refresh()),
  }
}
