/** Verifies SPIFFE JWT-SVIDs of one trust domain. */
import type { Clock } from '../../core/ports.ts'
import { Denial } from '../../core/denial/denial.ts'
import { jwtBundleOf, workloadKeysOf } from './bundle.ts'
import { bundleSource, type BundlePlace } from './bundle-source.ts'
import { workload, type TokenProvider } from './oidc.ts'
import { agentRules, type RulesOptions } from './rules.ts'
import { parseSpiffeId } from '../../core/spiffe-id.ts'
import { malformedToken } from './token.ts'
import { tokenVerifier } from './verify-token.ts'

export interface SpiffeJwtOptions {
  readonly name: string
  readonly trustDomain: string
  readonly audience: string
  readonly bundle: BundlePlace
  readonly clockTolerance: number
  /** How often one token is good in one task. */
  readonly tokenUses: number
  /** In how many tasks one token is good. */
  readonly tokenTasks: number
  readonly staleKeys: number
}

/** JWT-SVID 2.1: asymmetric ones only. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512']

export function spiffeJwtProvider(
  options: SpiffeJwtOptions,
  rules: RulesOptions,
  clock: Clock,
): TokenProvider {
  const { trustDomain, audience } = options
  const keys = bundleSource({
    what: `The bundle of trust domain ${trustDomain}`,
    place: options.bundle,
    document: jwtBundleOf,
    workloadApi: {
      method: 'FetchJWTBundles',
      parse: (bundle) => workloadKeysOf(JSON.parse(bundle.toString('utf8'))),
    },
    trustDomain,
    staleMs: options.staleKeys,
    clock,
  })
  const toleranceMs = options.clockTolerance
  const verify = tokenVerifier({ keys, audience, algorithms: ALGORITHMS, toleranceMs, clock })
  const agentOf = agentRules(rules)
  return {
    async workloadOf(token) {
      const id = parseSpiffeId(token.subject)
      // The caller routes by trust domain; a bundle vouches for no other one.
      if (id?.trustDomain !== trustDomain)
        throw new Denial('identity_unknown_issuer', 'It is of another trust domain.')
      if (id.path === '') throw malformedToken('its subject is a trust domain, not a workload')
      const claims = await verify(token)
      return workload(options, token, agentOf({ ...claims, path: id.path.slice(1) }))
    },
    close: () => keys.close(),
  }
}
