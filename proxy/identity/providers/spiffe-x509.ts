/** Verifies SPIFFE X.509-SVIDs of one trust domain, as client certificates. */
import type { X509Certificate } from 'node:crypto'
import type { Clock } from '../../core/ports.ts'
import type { Workload } from './identities.ts'
import { certificatesIn, x509BundleOf } from './bundle.ts'
import { bundleSource, type BundlePlace } from './bundle-source.ts'
import { agentRules, type RulesOptions } from './rules.ts'
import { checkChain, type Svid } from './svid-chain.ts'

export interface SpiffeX509Options {
  readonly name: string
  readonly trustDomain: string
  readonly bundle: BundlePlace
  readonly staleKeys: number
}

/** Vouches for client certificates. */
export interface CertificateProvider {
  /** Returns the workload of a certificate. `chain`: the leaf, whose SVID was read already, and what came with it. */
  workloadOf(svid: Svid, chain: readonly X509Certificate[]): Promise<Workload>
  /** Returns as of when its authorities are known, in milliseconds since the epoch; undefined if it has none yet. */
  keysAsOfMs(): number | undefined
  close(): Promise<void>
}

export function spiffeX509Provider(
  { name, trustDomain, bundle, staleKeys }: SpiffeX509Options,
  rules: RulesOptions,
  clock: Clock,
): CertificateProvider {
  const authorities = bundleSource({
    what: `The bundle of trust domain ${trustDomain}`,
    place: bundle,
    document: x509BundleOf,
    workloadApi: { method: 'FetchX509Bundles', parse: certificatesIn },
    trustDomain,
    staleMs: staleKeys,
    clock,
  })
  const agentOf = agentRules(rules)
  return {
    async workloadOf({ id, path }, chain) {
      checkChain(chain, await authorities.current(), trustDomain, clock.nowMs())
      const mapped = agentOf({ sub: id, path: path.slice(1) })
      return { ...mapped, provider: name, subject: id, audience: '', token: undefined }
    },
    keysAsOfMs: () => authorities.asOfMs(),
    close: () => authorities.close(),
  }
}
