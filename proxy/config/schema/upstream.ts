/** The part of the configuration that says where calls go, and with which credentials. */
import { z } from 'zod'
import { free, maskAll, setting } from './setting.ts'
import { durationMs } from './values.ts'

const OWN_KEY = free('The AWS provider chain reads credentials from the environment, too.')
const PERFORMANCE = free('It says how long or how wide a call may go, not which call.')

const accountId = z
  .string({ error: 'must be 12 digits, in quotes: YAML takes them for a number' })
  .regex(/^\d{12}$/, 'must be 12 digits')
const roleArn = z
  .string()
  .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'must be the ARN of a role')
const rolePattern = z
  .string()
  .regex(
    /^(?:\*|arn:[\w*-]+:iam::[\d*]{1,12}:role\/[\w+=,.@/*-]+)$/,
    'must be the ARN of a role, with * for any',
  )

const roleRule = z
  .strictObject({
    agents: z.array(z.string().min(1)).min(1).optional(),
    accounts: z.array(accountId).min(1).optional(),
    roleArns: z.array(rolePattern).min(1).optional(),
    roleArn: roleArn.optional(),
    externalId: z
      .string()
      .regex(/^[\w+=,.@:/-]{2,1224}$/, 'must be 2 to 1224 letters, digits and _+=,.@:/-')
      .optional(),
    plain: z.literal(true).optional(),
  })
  .superRefine(({ roleArn: role, plain, accounts, externalId }, context) => {
    const issue = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message })
    if ((role === undefined) === (plain === undefined))
      issue('roleArn', 'must be set, or else plain: true; not both')
    if (plain !== undefined && accounts === undefined)
      issue('accounts', 'must name the account in which plain credentials may be used')
    if (plain !== undefined && externalId !== undefined) issue('externalId', 'is only for a role')
  })

export const upstream = z
  .strictObject({
    endpoint: setting(z.string().optional(), {
      doc: 'Send every service here (an emulator). https unless loopback.',
    }),
    credentials: z
      .strictObject({
        accessKeyId: setting(z.string().min(1), { doc: 'The key id.', environment: OWN_KEY }),
        secretAccessKey: setting(z.string().min(1), {
          doc: 'The secret of the key.',
          environment: OWN_KEY,
          mask: maskAll,
        }),
        sessionToken: setting(z.string().min(1).optional(), {
          doc: 'The token of a temporary key.',
          environment: OWN_KEY,
          mask: maskAll,
        }),
      })
      .optional()
      .describe('The AWS provider chain otherwise.'),
    roles: setting(z.array(roleRule).default([]), {
      doc: 'Rules that pick the role that a call is made with; see docs/upstream-roles.md. With none, the credentials as they are.',
    }),
    signing: z
      .strictObject({
        roleArn: setting(roleArn, {
          doc: 'Assumed for /.moderato/v1/sign, with a policy of nothing but what is signed.',
        }),
      })
      .optional(),
    // Guarded: grants and freezes name accounts, and a call must not be taken for one of another account.
    accountId: setting(accountId.optional(), { doc: 'Fills the account in ARNs.' }),
    regions: setting(z.array(z.string()).min(1).optional(), {
      doc: 'Regions that may be reached; all known ones otherwise. Not looked at with `upstream.endpoint`.',
    }),
    connections: setting(z.int().positive().default(128), {
      doc: 'Connections per upstream host, for each agent.',
      environment: PERFORMANCE,
    }),
    connectTimeout: setting(durationMs.prefault('10s'), {
      doc: 'TCP and TLS to an upstream host.',
      environment: PERFORMANCE,
    }),
    headersTimeout: setting(durationMs.prefault('15m'), {
      doc: 'Until the head of an answer; synchronous Lambda calls take long.',
      environment: PERFORMANCE,
    }),
    bodyTimeout: setting(durationMs.prefault('5m'), {
      doc: 'The longest pause within an answer.',
      environment: PERFORMANCE,
    }),
    allowPrivateAddresses: setting(z.boolean().default(false), {
      doc: 'For VPC endpoints: upstream names may resolve to private addresses.',
    }),
  })
  .prefault({})
