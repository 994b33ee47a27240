import { X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { GeneralName, GeneralSubtree, GeneralSubtrees, NameConstraints } from '@peculiar/asn1-x509'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkChain, readSvid } from '../../../proxy/identity/providers/svid-chain.ts'
import { TrustDomain, x509, type Issued, type SvidShape } from '../../support/trust-domain.ts'
import { reasonOr } from './providers.ts'

const { digitalSignature, keyCertSign } = x509.KeyUsageFlags
const HOUR_MS = 3_600_000

let domain: TrustDomain
beforeAll(async () => {
  domain = await TrustDomain.create('example.org')
})

const nodes = (issued: readonly Issued[]) => issued.map(({ cert }) => new X509Certificate(cert))

/** The id of a chain that is vouched for by the authorities, or the reason why not. */
function outcome(sent: readonly Issued[], authorities = [domain.authority], trustDomain = 'example.org') {
  return reasonOr(async () => {
    const chain = nodes(sent)
    const [leaf] = chain
    if (leaf === undefined) return 'none'
    const { id } = readSvid(leaf)
    checkChain(chain, nodes(authorities), trustDomain, Date.now())
    return id
  })
}

const uri = (uniformResourceIdentifier: string) => ({ uniformResourceIdentifier })

/** An authority that may vouch for some names alone. */
function names(
  isCritical: boolean,
  permitted: readonly Partial<GeneralName>[],
  excluded: readonly Partial<GeneralName>[] = [],
): SvidShape {
  const trees = (of: readonly Partial<GeneralName>[]) =>
    new GeneralSubtrees(of.map((name) => new GeneralSubtree({ base: new GeneralName(name) })))
  const value = new NameConstraints()
  if (permitted.length > 0) value.permittedSubtrees = trees(permitted)
  if (excluded.length > 0) value.excludedSubtrees = trees(excluded)
  return { extra: [new x509.Extension('2.5.29.30', isCritical, AsnConvert.serialize(value))] }
}

describe('an X.509-SVID', () => {
  it('is vouched for by its authority, or by one between them', async () => {
    const between = await domain.intermediate()
    const below = await domain.svid('/agent/two', {}, between)
    expect(await outcome([await domain.svid('/agent/one')])).toBe('spiffe://example.org/agent/one')
    expect(await outcome([below, between])).toBe('spiffe://example.org/agent/two')
    expect(await outcome([below, domain.authority, between])).toBe('spiffe://example.org/agent/two')
    expect(await outcome([below])).toBe('identity_signature')
  })

  it.each<[string, string, SvidShape]>([
    ['no URI', 'identity_malformed', { uris: [] }],
    ['two URIs', 'identity_malformed', { uris: ['spiffe://example.org/a', 'spiffe://example.org/b'] }],
    [
      'two URIs in one',
      'identity_malformed',
      { uris: ['spiffe://example.org/a, URI:spiffe://example.org/admin'] },
    ],
    ['a URI that is no SPIFFE ID', 'identity_malformed', { uris: ['https://example.org/a'] }],
    ['the ID of the trust domain', 'identity_malformed', { uris: ['spiffe://example.org'] }],
    ['the rights of an authority', 'identity_malformed', { ca: true, usages: digitalSignature }],
    ['a key that signs certificates', 'identity_malformed', { usages: digitalSignature | keyCertSign }],
    ['a key that signs nothing', 'identity_malformed', { usages: x509.KeyUsageFlags.keyEncipherment }],
    ['a purpose that is another', 'identity_malformed', { purposes: [x509.ExtendedKeyUsage.serverAuth] }],
    [
      'something critical that nobody knows',
      'identity_malformed',
      { extra: [new x509.Extension('1.2.3.4', true, new Uint8Array([5, 0]))] },
    ],
    [
      'an extension that cannot be read',
      'identity_malformed',
      { extra: [new x509.Extension('2.5.29.37', false, new Uint8Array([4, 1, 0]))] },
    ],
    [
      'an extension that comes twice',
      'identity_malformed',
      { extra: [new x509.KeyUsagesExtension(digitalSignature, true)] },
    ],
    ['a time that is over', 'identity_expired', { notAfter: new Date(Date.now() - HOUR_MS) }],
    ['a time that is still to come', 'identity_expired', { notBefore: new Date(Date.now() + HOUR_MS) }],
  ])('is none with %s: %s', async (_what, reason, shape) => {
    expect(await outcome([await domain.svid('/agent/one', shape)])).toBe(reason)
  })

  it('is none of whoever else signed it, under the same names', async () => {
    const impostor = await TrustDomain.create('example.org')
    expect(await outcome([await impostor.svid('/agent/one'), impostor.authority])).toBe('identity_signature')
  })

  it('is none of a workload, which is no authority', async () => {
    const workload = await domain.svid('/agent/one')
    const below = await domain.svid('/agent/two', {}, workload)
    expect(await outcome([below, workload])).toBe('identity_signature')
  })

  it.each<[string, string, SvidShape]>([
    ['cannot sign certificates', 'identity_signature', { usages: digitalSignature }],
    ['is of another trust domain', 'identity_signature', { uris: ['spiffe://other.example'] }],
    ['is a workload as well', 'identity_signature', { uris: ['spiffe://example.org/agent'] }],
    [
      'is limited to names that nobody checks',
      'identity_malformed',
      { extra: [new x509.Extension('2.5.29.30', true, new Uint8Array([48, 0]))] },
    ],
    ['is over', 'identity_expired', { notAfter: new Date(Date.now() - HOUR_MS) }],
  ])('is none where what is between %s: %s', async (_what, reason, shape) => {
    const between = await domain.intermediate(shape)
    expect(await outcome([await domain.svid('/agent/one', {}, between), between])).toBe(reason)
  })

  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage
  it.each<[string, string, SvidShape]>([
    ['for servers alone', 'identity_malformed', { purposes: [serverAuth] }],
    ['for clients too', 'spiffe://example.org/a', { purposes: [serverAuth, clientAuth] }],
    ['for any purpose', 'spiffe://example.org/a', { purposes: ['2.5.29.37.0'] }],
    ...[true, false].flatMap((isCritical): [string, string, SvidShape][] => [
      ['for its trust domain', 'spiffe://example.org/a', names(isCritical, [uri('example.org')])],
      ['for another one', 'identity_malformed', names(isCritical, [uri('other.example')])],
      ['for what is below it', 'identity_malformed', names(isCritical, [uri('.example.org')])],
      ['for what it is below', 'spiffe://example.org/a', names(isCritical, [uri('.org')])],
      ['for all but its own', 'identity_malformed', names(isCritical, [], [uri('example.org')])],
      ['for all but another', 'spiffe://example.org/a', names(isCritical, [], [uri('other.example')])],
      ['for names of other kinds', 'identity_malformed', names(isCritical, [{ dNSName: 'example.org' }])],
      ['for no host', 'identity_malformed', names(isCritical, [uri('spiffe://example.org')])],
      ['for nothing', 'identity_malformed', names(isCritical, [])],
    ]),
  ])('below an authority %s: %s', async (_what, result, shape) => {
    const between = await domain.intermediate(shape)
    expect(await outcome([await domain.svid('/a', {}, between), between])).toBe(result)
    const root = await TrustDomain.create('example.org', shape)
    expect(await outcome([await root.svid('/a')], [root.authority])).toBe(result)
  })

  it('is none below more authorities than one of them allows', async () => {
    const narrow = await TrustDomain.create('example.org', { pathLength: 0 })
    const between = await narrow.intermediate()
    const below = await narrow.svid('/agent/one', {}, between)
    expect(await outcome([await narrow.svid('/agent/one')], [narrow.authority])).toBe(
      'spiffe://example.org/agent/one',
    )
    expect(await outcome([below, between], [narrow.authority])).toBe('identity_signature')
  })
})
