/** Verifies tokens of OIDC issuers: of CI systems, clusters and clouds. */
import { hash } from 'node:crypto'
import { z } from 'zod'
import { isSafeFromOthers } from '../../core/addresses.ts'
import type { Clock } from '../../core/ports.ts'
import type { Workload } from './identities.ts'
import { jwksOf } from './bundle.ts'
import { jsonFetcher, type JsonFetcher } from './fetch-json.ts'
import { agentRules, type RulesOptions } from './rules.ts'
import { FetchedSource } from './source.ts'
import type { UnverifiedToken } from './token.ts'
import { tokenVerifier } from './verify-token.ts'

export interface OidcOptions {
  readonly name: string
  readonly issuer: string
  readonly audience: string
  readonly algorithms: readonly string[]
  /** In place of what the issuer's discovery document says. */
  readonly jwksUri?: string | undefined
  readonly caFile?: string | undefined
  readonly clockTolerance: number
  /** How often one token is good in one task. */
  readonly tokenUses: number
  /** In how many tasks one token is good. */
  readonly tokenTasks: number
  readonly maxTokenAge?: number | undefined
  readonly staleKeys: number
}

/** Vouches for tokens. */
export interface TokenProvider {
  workloadOf(token: UnverifiedToken): Promise<Workload>
  close(): Promise<void>
}

const Discovery = z.looseObject({ issuer: z.string(), jwks_uri: z.string() })

const FRESH_MS = 10 * 60_000
const COOLDOWN_MS = 30_000

export function oidcProvider(options: OidcOptions, rules: RulesOptions, clock: Clock): TokenProvider {
  const { name, issuer, audience, algorithms } = options
  const documents = jsonFetcher(options.caFile)
  const keys = new FetchedSource({
    what: `The keys of identity provider ${name}`,
    fetch: async () => {
      const place = options.jwksUri ?? (await discovered(issuer, documents))
      return { value: jwksOf(await documents.get(place)) }
    },
    clock,
    freshMs: FRESH_MS,
    staleMs: options.staleKeys,
    cooldownMs: COOLDOWN_MS,
  })
  const verify = tokenVerifier({
    keys,
    issuer,
    audience,
    algorithms,
    toleranceMs: options.clockTolerance,
    maxAgeMs: options.maxTokenAge,
    clock,
  })
  const agentOf = agentRules(rules)
  return {
    async workloadOf(token) {
      const claims = await verify(token)
      return workload(options, token, agentOf(claims))
    },
    close: () => documents.close(),
  }
}

/**
 * Returns where the issuer's keys are, by itself (OpenID Connect Discovery 4.3: it must say that it is who was asked).
 */
async function discovered(issuer: string, documents: JsonFetcher): Promise<string> {
  const found = Discovery.parse(
    await documents.get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
  )
  if (found.issuer !== issuer) throw new Error(`the discovery document is of another issuer`)
  const [keysAt, issuerAt] = [URL.parse(found.jwks_uri), URL.parse(issuer)]
  if (
    keysAt === null ||
    !isSafeFromOthers(keysAt) ||
    (issuerAt?.protocol === 'https:' && keysAt.protocol !== 'https:')
  )
    throw new Error('its jwks_uri is not https')
  return found.jwks_uri
}

export function workload(
  options: Pick<OidcOptions, 'name' | 'audience' | 'tokenUses' | 'tokenTasks'>,
  { text, subject, expiresAtMs }: UnverifiedToken,
  mapped: { readonly agentId: string; readonly root: string },
): Workload {
  const { name: provider, audience, tokenUses: uses, tokenTasks: tasks } = options
  return { ...mapped, provider, subject, audience, token: { hash: proofOf(text), expiresAtMs, uses, tasks } }
}

/** Of what is signed, less the signature: an ECDSA signature has a twin that is as good. */
function proofOf(text: string): string {
  return hash('sha256', text.slice(0, text.lastIndexOf('.')), 'hex')
}
