/** The part of the configuration that says who may do what, at which pace. */
import { z } from 'zod'
import { ACTION_CLASSES, GRANTABLE, TRAITS } from '../../core/action-class.ts'
import { privateService } from './services.ts'
import { durationMs, parsed, unknownValue } from './values.ts'
import { DEFAULT_PACES, LONGEST_WAIT_MS } from '../../pacing/paces.ts'
import { parseRate } from '../../pacing/rates.ts'
import { DIMENSIONS } from '../../pacing/rules.ts'

/** One pace: rate, burst, maxWait. */
export const paceSetting = z.strictObject({
  rate: parsed(parseRate, 'a rate such as 6/min'),
  burst: z.int().positive(),
  maxWait: durationMs.refine(
    (ms) => ms <= LONGEST_WAIT_MS,
    'must be at most 45s: clients give up after that',
  ),
})

/** What may have a pace: what is unknown is refused, never paced. */
const PACED_CLASSES = ACTION_CLASSES.filter((name) => name !== 'unknown')
const PACED = [...PACED_CLASSES, 'may-overwrite'] as const

const rule = paceSetting.extend({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be up to 64 of a-z, 0-9 and -, such as fleet-destructive')
    .refine((name) => !(PACED as readonly string[]).includes(name), 'is the name of a class'),
  classes: z.array(z.enum(PACED, { error: unknownValue(PACED) })).min(1),
  per: z
    .array(z.enum(DIMENSIONS, { error: unknownValue(DIMENSIONS) }))
    .min(1)
    .refine((per) => new Set(per).size === per.length, 'names something twice')
    .refine((per) => per.indexOf('fleet') <= 0, 'must name fleet alone or first'),
  mode: z.enum(['enforce', 'observe']).default('enforce'),
})

function namesOnce(rules: readonly { readonly name: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>()
  for (const [index, { name }] of rules.entries()) {
    if (seen.has(name)) {
      context.addIssue({ code: 'custom', path: [index, 'name'], message: `${name} stands twice` })
    }
    seen.add(name)
  }
}

export const grants = z.array(
  z.strictObject({
    classes: z.array(z.enum(GRANTABLE, { error: unknownValue(GRANTABLE) })).min(1),
    resources: z.array(z.string().min(1)).min(1),
  }),
)

export const agent = z
  .strictObject({
    id: z.string().min(1).max(256),
    /** The person who answers for the agent, and so cannot approve its calls. */
    owner: z.string().min(1).max(256).optional(),
    /** A static key; an agent of an identity provider has none. */
    accessKeyId: z
      .string()
      .regex(/^[A-Za-z0-9]{4,128}$/, 'must be 4 to 128 letters and digits')
      .optional(),
    secretAccessKey: z.string().min(1).optional(),
    grants: grants.default([]),
  })
  .refine(
    ({ accessKeyId, secretAccessKey }) => (accessKeyId === undefined) === (secretAccessKey === undefined),
    {
      path: ['secretAccessKey'],
      error: 'accessKeyId and secretAccessKey go together',
    },
  )

/** What people must approve; all that is given must hold of a call. */
const approvalRule = z.strictObject({
  classes: z.array(z.enum(PACED_CLASSES)).min(1),
  resources: z.array(z.string().min(1)).min(1).default(['*']),
  agents: z.array(z.string().min(1)).min(1).default(['*']),
  traits: z.array(z.enum(TRAITS)).default([]),
  approvers: z.union([z.literal(1), z.literal(2)]).default(1),
  minCount: z.int().min(1).default(1),
})

/** Which tasks people must approve before they are opened; all that is given must hold of what the task would be. */
const taskApprovalRule = approvalRule
  .pick({ classes: true, resources: true, agents: true, approvers: true })
  .extend({ minDuration: durationMs.prefault('0s') })

export const policy = z
  .strictObject({
    mode: z
      .enum(['enforce', 'observe'])
      .default('enforce')
      .describe('observe: policy verdicts and pace are recorded, not enforced.'),
    bundle: z.string().optional().describe('A bundle file; the packaged default policy otherwise.'),
    approvals: z
      .array(approvalRule)
      .default([])
      .describe(
        'What people must approve: classes, and optionally resources, agents, traits, minCount; approvers 1 or 2.',
      ),
    taskApprovals: z
      .array(taskApprovalRule)
      .prefault([])
      .describe(
        'Tasks that people must approve, by what they may do: classes, and optionally resources, agents, minDuration; approvers 1 or 2.',
      ),
    allowUnmodelled: z
      .array(z.string().regex(/^[a-z0-9-]+:\w+:.+$/, 'is service:Operation:parameter'))
      .default([])
      .describe(
        'Parameters that changes may have although the catalogue lacks them: `service:Operation:name`.',
      ),
  })
  .prefault({})

export const catalogue = z
  .strictObject({
    overrides: z
      .array(
        z
          .strictObject({
            operation: z.string().regex(/^([a-z0-9-]+|\*):(\w+|\*)$/, 'is service:Operation, with * for any'),
            resources: z.array(z.string().min(1)).min(1).optional(),
            classes: z.array(z.enum(PACED_CLASSES)).min(1).optional(),
            add: z
              .array(z.enum([...PACED_CLASSES, ...TRAITS]))
              .min(1)
              .optional(),
          })
          .refine(({ classes, add }) => classes !== undefined || add !== undefined, 'needs classes or add'),
      )
      .default([])
      .describe('Other classes for an operation, or for some of its resources; the later entry wins.'),
    guardedTags: z
      .array(z.string().min(1).max(128))
      .default([])
      .describe('Tag keys that grants, policy or automation go by: to set or remove one is `protection`.'),
    services: z
      .array(privateService)
      .default([])
      .describe(
        'Services that are not of AWS: name, hosts, region, operations; see docs/private-services.md.',
      ),
  })
  .prefault({})

export const pacing = z
  .strictObject({
    classes: z
      .partialRecord(z.enum(PACED), paceSetting)
      .prefault({})
      .transform((given) => ({
        ...z.partialRecord(z.enum(PACED), paceSetting).parse(DEFAULT_PACES),
        // Who set a pace for writes meant those that replace something too.
        ...(given.write === undefined ? {} : { 'may-overwrite': given.write }),
        ...given,
      })),
    unboundedCount: z
      .int()
      .min(1)
      .default(10)
      .describe('As how many things a call counts whose selector may match any number; a burst at most.'),
    cascadeWeight: z
      .int()
      .min(1)
      .default(1)
      .describe(
        'Multiplies the count of a call that removes a container with what it holds; a burst at most.',
      ),
    rules: z
      .array(rule)
      .default([])
      .superRefine(namesOnce)
      .describe(
        'Further budgets: name, classes, per, rate, burst, maxWait, mode. All that apply are charged.',
      ),
    dwell: durationMs
      .prefault('0s')
      .describe(
        'How long nothing is destroyed after its agent (its task) first had to do with it; 0s: no dwell.',
      ),
  })
  .prefault({})
