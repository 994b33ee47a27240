/**
 * Opens the identity providers of the configuration, behind one port: what a token claims only picks who has to vouch
 * for it.
 */
import type { Config } from '../../config/schema/config.ts'
import { Denial } from '../../core/denial/denial.ts'
import type { Clock } from '../../core/ports.ts'
import type { X509Certificate } from 'node:crypto'
import type { Identities, Workload } from './identities.ts'
import { oidcProvider, type TokenProvider } from './oidc.ts'
import type { RulesOptions } from './rules.ts'
import { parseSpiffeId } from '../../core/spiffe-id.ts'
import { spiffeJwtProvider } from './spiffe-jwt.ts'
import { spiffeX509Provider, type CertificateProvider } from './spiffe-x509.ts'
import { readSvid } from './svid-chain.ts'
import { readToken } from './token.ts'

/** Stays open until it is closed: a reload opens the new ones, swaps, and closes these. */
export interface Providers extends Identities {
  /** Returns as of when the keys of each provider are known, by its name; those that have none yet are left out. */
  keysAsOf(): readonly (readonly [provider: string, asOfMs: number])[]
  close(): Promise<void>
}

/** Throws for a bundle file that is of no use; a provider that is away is asked again when a token needs it. */
export function openProviders({ identity, agents }: Config, clock: Clock): Providers {
  const byIssuer = new Map<string, TokenProvider>()
  const tokensOf = new Map<string, TokenProvider>()
  const certificatesOf = new Map<string, CertificateProvider>()
  const named = new Set(agents.map(({ id }) => id))
  const keys: [string, TokenProvider | CertificateProvider][] = []
  for (const provider of identity.providers) {
    const { name, rules, maxAgents } = provider
    const ruled: RulesOptions = { provider: name, rules, named, maxAgents, clock }
    const opened = openProvider(provider, ruled, clock)
    keys.push([name, opened.is])
    if (opened.type === 'oidc') byIssuer.set(opened.at, opened.is)
    else if (opened.type === 'spiffe-jwt') tokensOf.set(opened.at, opened.is)
    else certificatesOf.set(opened.at, opened.is)
  }

  return {
    async ofToken(text) {
      const token = readToken(text)
      const { issuer = '', subject } = token
      const provider = byIssuer.get(issuer) ?? tokensOf.get(parseSpiffeId(subject)?.trustDomain ?? '')
      if (provider !== undefined) return await provider.workloadOf(token)
      throw new Denial(
        'identity_unknown_issuer',
        'No identity provider is configured for who issued the token.',
      )
    },
    ofCertificate: (chain) => workloadOf(chain, certificatesOf),
    keysAsOf: () =>
      keys.flatMap(([name, provider]) => {
        const asOfMs = provider.keysAsOfMs()
        return asOfMs === undefined ? [] : [[name, asOfMs] as const]
      }),
    async close() {
      await Promise.all(keys.map(([, each]) => each.close()))
    },
  }
}

type ProviderSettings = Config['identity']['providers'][number]

/** Opens a provider; `at` is its issuer or its trust domain. */
function openProvider(settings: ProviderSettings, rules: RulesOptions, clock: Clock) {
  if (settings.type === 'oidc')
    return { type: settings.type, at: settings.issuer, is: oidcProvider(settings, rules, clock) } as const
  const { type, trustDomain: at } = settings
  return type === 'spiffe-jwt'
    ? ({ type, at, is: spiffeJwtProvider(settings, rules, clock) } as const)
    : ({ type, at, is: spiffeX509Provider(settings, rules, clock) } as const)
}

async function workloadOf(
  chain: readonly X509Certificate[],
  providers: ReadonlyMap<string, CertificateProvider>,
): Promise<Workload> {
  const [leaf] = chain
  if (leaf === undefined || providers.size === 0) {
    throw new Denial(
      'missing_credential',
      'Send Authorization: Bearer TOKEN of an identity provider, or sign.',
    )
  }
  const svid = readSvid(leaf)
  const provider = providers.get(svid.trustDomain)
  if (provider !== undefined) return await provider.workloadOf(svid, chain)
  throw new Denial('identity_unknown_issuer', 'No identity provider is configured for its trust domain.')
}
