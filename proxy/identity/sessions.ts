/** Issues the credentials of sessions, and opens them again: on any replica, from the token alone. */
import type { Agent, Session } from '../core/agent.ts'
import { Denial } from '../core/denial/denial.ts'
import type { Clock, Owner } from '../core/ports.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'
import { RecentMap } from '../core/recent-map.ts'
import {
  keyIdOf,
  seal,
  sealTicket,
  secretOf,
  unseal,
  unsealTicket,
  type Sealed,
  type SealingKey,
} from './sealed-token.ts'
import type { SealingKeys } from './sealing-keys.ts'
import { pack, unpack } from './session.ts'

export interface SessionsOptions {
  /** Returns the keys in force: asked each time, so that a key that was taken away opens nothing any more. */
  readonly keys: () => SealingKeys
  readonly clock: Clock
}

interface Opened {
  readonly owner: Owner
  readonly session: Session
  readonly key: SealingKey
}

/** So many opened tokens are kept at least, some 2 KB each. */
const MOST_OPENED = 4_096

export class Sessions {
  readonly #options: SessionsOptions
  readonly #known = new RecentMap<Opened>(MOST_OPENED)

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  /**
   * Issues fresh credentials of a session; a session may have several. Throws a RangeError if its scopes are too long.
   */
  issue(session: Session): Sealed {
    return seal(pack(session), this.#options.keys().current)
  }

  /** Returns a ticket for the session's credentials, for the container credentials endpoint. */
  ticket(session: Session): string {
    return sealTicket(pack(session), this.#options.keys().current)
  }

  /** Returns the session of a ticket. Denials as of `open`. */
  openTicket(ticket: string): Session {
    const key = this.#options.keys().find(keyIdOf(ticket) ?? '')
    const content = key === undefined ? undefined : unsealTicket(ticket, key)
    if (content === undefined) throw unknownSession()
    const session = unpack(content)
    this.#checkTime(session)
    return session
  }

  /** Returns the agent of a session token. Denials: `unknown_credential`, `expired_session`. */
  open(accessKeyId: string, sessionToken: string): Owner {
    const { owner, session } = this.#opened(accessKeyId, sessionToken)
    this.#checkTime(session)
    return owner
  }

  #checkTime({ task, expiresAtMs }: Session): void {
    if (this.#options.clock.nowMs() < expiresAtMs) return
    throw new Denial('expired_session', `The time of task ${quoteUntrusted(task.id)} is over.`)
  }

  #opened(accessKeyId: string, sessionToken: string): Opened {
    const name = `${accessKeyId} ${sessionToken}`
    const key = this.#options.keys().find(keyIdOf(sessionToken) ?? '')
    const known = this.#known.get(name)
    if (known !== undefined && known.key === key) return known
    const content = key === undefined ? undefined : unseal(accessKeyId, sessionToken, key)
    if (key === undefined || content === undefined) {
      this.#known.delete(name)
      throw unknownSession()
    }
    const session = unpack(content)
    const agent: Agent = { id: session.agentId, root: session.root, accessKeyId, session }
    const owner = { agent, secretAccessKey: secretOf(accessKeyId, sessionToken, key) }
    const opened = { owner, session, key }
    this.#known.set(name, opened)
    return opened
  }
}

function unknownSession(): Denial {
  return new Denial(
    'unknown_credential',
    'The session token was not issued here for this access key, or what it was sealed with was taken away.',
  )
}
