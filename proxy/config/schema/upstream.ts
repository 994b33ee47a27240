/** The part of the configuration that says where calls go, and with which credentials. */
import { z } from 'zod'
import { durationMs } from './values.ts'

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
    endpoint: z.string().optional().describe('Send every service here (an emulator). https unless loopback.'),
    credentials: z
      .strictObject({
        accessKeyId: z.string().min(1),
        secretAccessKey: z.string().min(1),
        sessionToken: z.string().min(1).optional(),
      })
      .optional()
      .describe('The AWS provider chain otherwise.'),
    roles: z
      .array(roleRule)
      .default([])
      .describe(
        'Rules that pick the role that a call is made with; see docs/upstream-roles.md. With none, the credentials as they are.',
      ),
    signing: z
      .strictObject({
        roleArn: roleArn.describe(
          'Assumed for /.moderato/v1/sign, with a policy of nothing but what is signed.',
        ),
      })
      .optional(),
    accountId: accountId.optional().describe('Fills the account in ARNs.'),
    regions: z
      .array(z.string())
      .min(1)
      .optional()
      .describe(
        'Regions that may be reached; all known ones otherwise. Not looked at with `upstream.endpoint`.',
      ),
    connections: z.int().positive().default(128).describe('Connections per upstream host, for each agent.'),
    connectTimeout: durationMs.prefault('10s').describe('TCP and TLS to an upstream host.'),
    headersTimeout: durationMs
      .prefault('15m')
      .describe('Until the head of an answer; synchronous Lambda calls take long.'),
    bodyTimeout: durationMs.prefault('5m').describe('The longest pause within an answer.'),
    allowPrivateAddresses: z
      .boolean()
      .default(false)
      .describe('For VPC endpoints: upstream names may resolve to private addresses.'),
  })
  .prefault({})
