/** The part of the configuration that says who operates Moderato, and from where. */
import { z } from 'zod'

const tlsFiles = {
  cert: z.string().min(1).describe('PEM file: the certificate, then those that it is signed by.'),
  key: z.string().min(1).describe('PEM file of its private key.'),
}

export const listenTls = z.strictObject({
  ...tlsFiles,
  clientCa: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file: only clients with a certificate of this authority may connect.'),
})

const adminTls = z.strictObject({
  ...tlsFiles,
  clientCa: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file: a client certificate of this authority does instead of the admin token.'),
})

/** A person, by every way in which they may be known; all lead to the one `id`. */
const person = z
  .strictObject({
    id: z.string().regex(/^[\w.@:/+-]{1,256}$/, 'must be 1 to 256 letters, digits or any of _ . @ : / + -'),
    tokenSha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits: moderato config person-token makes one')
      .optional(),
    tokenFile: z.string().min(1).optional(),
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
    token: z
      .string()
      .min(32, 'must have at least 32 characters')
      .optional()
      .describe('Made at first start in stateDir/admin-token if neither is set.'),
    tokenFile: z.string().optional().describe('A file of mode 0600 that holds the token.'),
    people: z
      .array(person)
      .default([])
      .describe('Who may approve: id, tokenSha256 or tokenFile, certificate, slack.'),
    tls: adminTls.optional(),
    metrics: z
      .enum(['open', 'token'])
      .default('open')
      .describe('token: /metrics needs the admin token too; always so off loopback.'),
    hosts: z.array(z.string()).default([]).describe('Further names that a Host field may carry.'),
  })
  .prefault({})
