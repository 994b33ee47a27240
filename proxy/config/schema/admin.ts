/** The part of the configuration that says who operates Moderato, and from where. */
import { z } from 'zod'
import { free, maskAll, setting } from './setting.ts'

const OWN_CERTIFICATE = free('It proves who we are, and decides nothing about whoever calls.')

const tlsFiles = (listener: string) => ({
  cert: setting(z.string().min(1), {
    doc: 'PEM file: the certificate, then those that it is signed by.',
    environment: OWN_CERTIFICATE,
    file: { kind: 'public', what: `the certificate of the ${listener} listener` },
  }),
  key: setting(z.string().min(1), {
    doc: 'PEM file of its private key.',
    environment: OWN_CERTIFICATE,
    file: { kind: 'secret', what: `the key of the ${listener} listener` },
  }),
})

export const listenTls = z.strictObject({
  ...tlsFiles('agents'),
  clientCa: setting(z.string().min(1).optional(), {
    doc: 'PEM file: only clients with a certificate of this authority may connect.',
    file: { kind: 'public', what: 'the authority of agents' },
  }),
})

const adminTls = z.strictObject({
  ...tlsFiles('admin'),
  clientCa: setting(z.string().min(1).optional(), {
    doc: 'PEM file: a client certificate of this authority does instead of the admin token.',
    file: { kind: 'public', what: 'the authority of operators' },
  }),
})

/** A person, by every way in which they may be known; all lead to the one `id`. */
const person = z
  .strictObject({
    id: z.string().regex(/^[\w.@:/+-]{1,256}$/, 'must be 1 to 256 letters, digits or any of _ . @ : / + -'),
    tokenSha256: setting(
      z
        .string()
        .regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits: moderato config person-token makes one')
        .optional(),
      { doc: 'The hash of their token.', mask: maskAll },
    ),
    tokenFile: setting(z.string().min(1).optional(), {
      doc: 'A file of mode 0600 that holds their token.',
      file: { kind: 'secret', what: 'the token' },
    }),
    certificate: z
      .string()
      .regex(
        /^(URI:|email:|[A-Za-z]+=).+$/,
        'must be URI:spiffe://..., email:... or a whole subject such as CN=alice,O=Example',
      )
      .optional(),
    slack: z
      .string()
      .regex(/^[UW][A-Z0-9]{2,20}$/, 'must be a member id such as U012AB3CD')
      .optional(),
  })
  .refine(
    ({ tokenSha256, tokenFile }) => tokenSha256 === undefined || tokenFile === undefined,
    'cannot have tokenSha256 and tokenFile together',
  )

export const admin = z
  .strictObject({
    token: setting(z.string().min(32, 'must have at least 32 characters').optional(), {
      doc: 'Made at first start in stateDir/admin-token if neither is set.',
      mask: maskAll,
    }),
    tokenFile: setting(z.string().optional(), {
      doc: 'A file of mode 0600 that holds the token.',
      file: { kind: 'secret', what: 'the admin token' },
    }),
    people: setting(z.array(person).default([]), {
      doc: 'Who may approve: id, tokenSha256 or tokenFile, certificate, slack.',
      reload: true,
    }),
    tls: adminTls.optional(),
    metrics: setting(z.enum(['open', 'token']).default('open'), {
      doc: 'token: /metrics needs the admin token too; always so off loopback.',
    }),
    hosts: setting(z.array(z.string()).default([]), { doc: 'Further names that a Host field may carry.' }),
  })
  .prefault({})
