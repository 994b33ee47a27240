/** The part of the configuration that says who vouches for agents, and which agents that makes. */
import { z } from 'zod'
import { grants } from './calls.ts'
import { setting } from './setting.ts'
import { durationMs } from './values.ts'
import { TRUST_DOMAIN } from '../../core/spiffe-id.ts'

/** Never `none`, and never HMAC, whose key would sign as well as verify. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

const text = z.string().min(1)
const patterns = z.union([text, z.array(text).min(1)]).transform((given) => [given].flat())

const rule = z.strictObject({
  match: z
    .record(text, patterns)
    .refine((match) => Object.keys(match).length > 0, 'must name a claim; `sub: "*"` matches everybody'),
  agent: text.max(190),
  grants: grants.min(1).optional(),
  grantsOf: text.optional(),
})

const common = {
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lower case letters, digits and -'),
  rules: z.array(rule).min(1),
  maxAgents: z.int().positive().max(10_000).default(50),
  staleKeys: durationMs.prefault('1h'),
}

const token = {
  audience: text,
  clockTolerance: durationMs.refine((ms) => ms <= 300_000, 'must be at most 5m').prefault('30s'),
  tokenUses: z.int().min(1).max(100).default(1),
  tokenTasks: z.int().min(1).max(100).default(5),
}

const caFile = setting(text.optional(), {
  doc: 'PEM file: the authority of the server, in place of the public ones.',
  file: { kind: 'public', what: 'the authority of the provider' },
})

const bundle = z
  .strictObject({
    file: setting(text.optional(), {
      doc: 'The bundle as a file.',
      file: { kind: 'public', what: 'the bundle of the provider' },
    }),
    endpoint: text.optional(),
    caFile,
    workloadApi: setting(text.optional(), {
      doc: 'The Unix socket of a Workload API.',
      file: { kind: 'socket', what: 'the Workload API of the provider' },
    }),
  })
  .refine(
    ({ file, endpoint, workloadApi }) =>
      [file, endpoint, workloadApi].filter((each) => each !== undefined).length === 1,
    'must have one of file, endpoint and workloadApi',
  )
  .refine(
    ({ endpoint, caFile }) => caFile === undefined || endpoint !== undefined,
    'caFile goes with endpoint',
  )

const trustDomain = z.string().regex(TRUST_DOMAIN, 'must be a SPIFFE trust domain, without spiffe://')

const oidc = z.strictObject({
  type: z.literal('oidc'),
  ...common,
  ...token,
  issuer: text,
  algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(['RS256', 'ES256']),
  jwksUri: text.optional(),
  caFile,
  maxTokenAge: durationMs.optional(),
})

const spiffeJwt = z.strictObject({ type: z.literal('spiffe-jwt'), ...common, ...token, trustDomain, bundle })

const spiffeX509 = z.strictObject({ type: z.literal('spiffe-x509'), ...common, trustDomain, bundle })

export const providers = z.array(z.discriminatedUnion('type', [oidc, spiffeJwt, spiffeX509]))
