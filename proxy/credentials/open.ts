/** Opens what calls are signed with upstream, as the configuration asks for it. */
import type { LookupFunction } from 'node:net'
import type { Agent } from '../core/agent.ts'
import { signing, type PresignSigning } from './presign-signing.ts'
import type { Catalogue } from '../aws/catalogue/types.ts'
import type { Config } from '../config/schema/config.ts'
import { grantsByRoot } from '../identity/grants-by-root.ts'
import type { Revocations } from '../identity/revocations.ts'
import type { Clock } from '../core/ports.ts'
import type { Ledger } from '../state/ledger.ts'
import { assumeRole } from './assume-role.ts'
import { accountOf } from './role-rules.ts'
import { RoleSessions } from './role-sessions.ts'
import { serviceActions } from './service-actions.ts'
import { chainCredentials, fixedCredentials } from './source.ts'

type Granting = Pick<Config, 'agents' | 'identity'>

export interface SignerDeps {
  readonly catalogue: Catalogue
  /** Returns the configuration in force. */
  readonly rules: () => { readonly loaded: { readonly config: Granting } }
  /** Which addresses STS may have; the system's own lookup if undefined. */
  readonly lookup: LookupFunction | undefined
  readonly ledger: Pick<Ledger, 'onChange'>
  readonly revocations: Pick<Revocations, 'of'>
  readonly clock: Clock
}

/** Signs calls upstream, and what agents have signed for them. */
export interface SignerService {
  readonly signers: RoleSessions
  /** Returns the account in which calls of an agent are made; undefined if that is not known. */
  readonly accountOf: (agent: Agent) => string | undefined
  readonly presign: PresignSigning
  /** Asks for credentials before any call needs them: rejects where there are none. */
  ready(): Promise<void>
  /** Returns in how many seconds Moderato's own credentials end: Infinity if never, undefined before they were fetched. */
  readonly expirySeconds: () => number | undefined
}

/** Opens the signers. It reads the catalogue through only where there are roles to make policies for. */
export function openSigners(upstream: Config['upstream'], deps: SignerDeps): SignerService {
  const { catalogue, rules, lookup, ledger, revocations, clock } = deps
  const plain =
    upstream.credentials === undefined ? chainCredentials(clock) : fixedCredentials(upstream.credentials)
  const granted = grantsOfConfigs()
  const assume = assumeRole(upstream, plain, lookup)
  const signers = new RoleSessions({
    rules: upstream,
    plain,
    assume,
    grantsOf: ({ root }) => granted(rules().loaded.config)[root]?.grants,
    actionsOf: upstream.roles.length === 0 ? () => NO_ACTIONS : serviceActions(catalogue),
    clock,
  })
  ledger.onChange(({ kind }) => {
    if (kind === 'revocation') signers.drop((session) => revocations.of(session) !== undefined)
  })
  return {
    signers,
    accountOf: (agent: Agent) => accountOf(agent, upstream),
    presign: signing(upstream, assume, signers),
    ready: async () => void (await plain.current()),
    expirySeconds() {
      const held = plain.held()
      if (held?.expiration === undefined) return held && Infinity
      return (held.expiration.getTime() - clock.nowMs()) / 1000
    },
  }
}

type Granted = ReturnType<typeof grantsByRoot>

/** Made once for each configuration, so that its grants are the same objects while it is in force. */
function grantsOfConfigs() {
  const known = new WeakMap<object, Granted>()
  return (config: Granting): Granted => {
    const found = known.get(config) ?? grantsByRoot(config)
    known.set(config, found)
    return found
  }
}

const NO_ACTIONS = { credentials: [], reads: [], secretReads: [] }
