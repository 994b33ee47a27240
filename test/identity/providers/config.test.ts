import { describe, expect, it } from 'vitest'
import { templateWarnings } from '../../../proxy/config/checks/templates.ts'
import { grantsByRoot } from '../../../proxy/identity/grants-by-root.ts'
import { AGENT, configOf, RULES } from './providers.ts'

const OIDC = {
  type: 'oidc',
  name: 'ci',
  issuer: 'https://issuer.example',
  audience: 'moderato',
  rules: RULES,
}
const MESH = {
  type: 'spiffe-jwt',
  name: 'mesh',
  trustDomain: 'example.org',
  audience: 'moderato',
  bundle: { endpoint: 'https://bundle.example' },
  rules: RULES,
}
const { audience: _, ...PLACED } = MESH
const X509 = { ...PLACED, type: 'spiffe-x509' }
const GRANTS = [{ classes: ['read'], resources: ['*'] }]
const TEMPLATE = { match: { sub: '*' }, agent: 'ci/{repository}' }

describe('identity.providers', () => {
  it('takes what is complete, with defaults', () => {
    const [provider] = configOf([OIDC]).identity.providers
    expect(provider).toMatchObject({
      algorithms: ['RS256', 'ES256'],
      clockTolerance: 30_000,
      staleKeys: 3_600_000,
      maxAgents: 50,
      rules: [{ match: { sub: ['*'] }, agent: AGENT }],
    })
  })

  it('resolves files and sockets against its folder', () => {
    const places = ['file', 'workloadApi'].map((key) => ({ ...MESH, bundle: { [key]: 'x' } }))
    const [file, socket] = places.map((each) => configOf([each]).identity.providers[0])
    expect(file).toMatchObject({ bundle: { file: '/x' } })
    expect(socket).toMatchObject({ bundle: { workloadApi: '/x' } })
    const ca = { ...OIDC, caFile: 'ca.pem' }
    expect(configOf([ca]).identity.providers[0]).toMatchObject({ caFile: '/ca.pem' })
  })

  it.each<[string, object, RegExp]>([
    ['no rules', { ...OIDC, rules: [] }, /providers\.0\.rules: /],
    ['an algorithm that signs with what verifies', { ...OIDC, algorithms: ['HS256'] }, /algorithms\.0: /],
    ['no algorithm at all', { ...OIDC, algorithms: ['none'] }, /algorithms\.0: /],
    ['no audience', { ...OIDC, audience: undefined }, /audience: /],
    [
      'an issuer over plain HTTP',
      { ...OIDC, issuer: 'http://issuer.example' },
      /issuer: must be an https URL/,
    ],
    [
      'keys over plain HTTP',
      { ...OIDC, jwksUri: 'http://issuer.example/keys' },
      /jwksUri: must be an https URL/,
    ],
    ['a tolerance of an hour', { ...OIDC, clockTolerance: '1h' }, /clockTolerance: must be at most 5m/],
    ['a setting that is none', { ...OIDC, audiences: ['x'] }, /providers\.0\.audiences: is not a setting/],
    ['a type that is none', { ...OIDC, type: 'saml' }, /providers\.0\.type: /],
    ['no bundle', { ...MESH, bundle: {} }, /bundle: must have one of/],
    [
      'two bundles',
      { ...MESH, bundle: { file: 'a', endpoint: 'https://b.example' } },
      /bundle: must have one of/,
    ],
    [
      'a bundle over plain HTTP',
      { ...MESH, bundle: { endpoint: 'http://b.example' } },
      /bundle\.endpoint: must be an https/,
    ],
    ['what is no trust domain', { ...MESH, trustDomain: 'spiffe://example.org' }, /trustDomain: /],
    ['certificates, but no TLS', X509, /providers\.0: needs listen\.tls/],
    [
      'a rule that matches nothing in particular',
      { ...OIDC, rules: [{ match: {}, agent: AGENT }] },
      /match: must name a claim/,
    ],
    [
      'an agent that is not there',
      { ...OIDC, rules: [{ match: { sub: 'x' }, agent: 'gone' }] },
      /rules\.0\.agent: is none of agents/,
    ],
    [
      'grants for an agent that has its own',
      { ...OIDC, rules: [{ ...RULES[0], grants: GRANTS }] },
      /rules\.0: grants and grantsOf are for templates/,
    ],
    ['a template without grants', { ...OIDC, rules: [TEMPLATE] }, /rules\.0: a template needs either/],
    [
      'a template with two kinds of grants',
      { ...OIDC, rules: [{ ...TEMPLATE, grants: GRANTS, grantsOf: AGENT }] },
      /rules\.0: a template needs either/,
    ],
    [
      'grants of nobody',
      { ...OIDC, rules: [{ ...TEMPLATE, grantsOf: 'gone' }] },
      /rules\.0\.grantsOf: is none of agents/,
    ],
    [
      'a brace that stays open',
      { ...OIDC, rules: [{ ...TEMPLATE, agent: 'ci/{x', grants: GRANTS }] },
      /rules\.0\.agent: has a brace/,
    ],
    [
      'two claims with nothing between them',
      { ...OIDC, rules: [{ ...TEMPLATE, agent: 'ci/{a}{b}', grants: GRANTS }] },
      /rules\.0\.agent: needs a mark between two claims/,
    ],
    [
      'two claims with a letter between them',
      { ...OIDC, rules: [{ ...TEMPLATE, agent: 'ci/{a}at{b}', grants: GRANTS }] },
      /rules\.0\.agent: needs a mark between two claims/,
    ],
    [
      'one template twice',
      {
        ...OIDC,
        rules: [
          { ...TEMPLATE, grants: GRANTS },
          { ...TEMPLATE, grantsOf: AGENT },
        ],
      },
      /rules\.1\.agent: stands twice/,
    ],
  ])('refuses a provider with %s', (_what, provider, message) => {
    expect(() => configOf([provider])).toThrow(message)
  })

  it('refuses two of one name, issuer or trust domain', () => {
    expect(() => configOf([OIDC, { ...MESH, name: 'ci' }])).toThrow(/providers\.1\.name: stands twice/)
    expect(() => configOf([OIDC, { ...OIDC, name: 'x' }])).toThrow(/providers\.1\.issuer: stands twice/)
    expect(() => configOf([MESH, { ...MESH, name: 'x' }])).toThrow(/providers\.1\.trustDomain: stands twice/)
  })
})

describe('templateWarnings', () => {
  const ruled = (...agents: string[]) =>
    templateWarnings(
      configOf([{ ...OIDC, rules: agents.map((agent) => ({ ...TEMPLATE, agent, grants: GRANTS })) }]),
    )

  it('says how the ids of several claims are written', () => {
    expect(ruled('ci/{repository}')).toEqual([])
    expect(ruled('ci/{project}/{ref}')).toEqual([
      {
        path: 'identity.providers.0.rules.0.agent',
        message: expect.stringContaining('/ as %2F'),
      },
    ])
  })

  it('names templates that can make the same id', () => {
    expect(ruled('ci/{repository}', 'deploy/{repository}')).toEqual([])
    expect(ruled('ci/{repository}', 'ci/prod-{sub}')).toEqual([
      {
        path: 'identity.providers.0.rules.1.agent',
        message: expect.stringContaining('identity.providers.0.rules.0.agent'),
      },
    ])
  })
})

describe('grants', () => {
  it('are by agent, and by the root that all agents of a template share', () => {
    const rules = [
      { ...TEMPLATE, grants: GRANTS },
      { match: { sub: 'x' }, agent: 'deploy/{sub}', grantsOf: AGENT },
      { match: { sub: 'y' }, agent: AGENT },
    ]
    const own = [{ classes: ['write'], resources: ['arn:aws:s3:::own/*'] }]
    expect(grantsByRoot(configOf([{ ...OIDC, rules }], [{ id: AGENT, grants: own }]))).toEqual({
      [AGENT]: { grants: own },
      'ci:ci/{repository}': { grants: GRANTS },
      'ci:deploy/{sub}': { grants: own },
    })
  })
})
