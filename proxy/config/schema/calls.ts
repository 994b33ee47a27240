/** The part of the configuration that says who may do what, at which pace. */
import { z } from 'zod'
import { ACTION_CLASSES, GRANTABLE, TRAITS } from '../../core/action-class.ts'
import { privateService } from './services.ts'
import { maskAll, onlyTo, RAISE, setting } from './setting.ts'
import { durationMs, parsed, unknownValue } from './values.ts'
import { DEFAULT_PACES, LONGEST_WAIT_MS } from '../../pacing/paces.ts'
import { parseRate } from '../../pacing/rates.ts'
import { DIMENSIONS } from '../../pacing/rules.ts'

/** One pace: rate, burst, maxWait. */
export const paceSetting = z.strictObject({
  rate: setting(parsed(parseRate, 'a rate such as 6/min'), {
    doc: 'How many things in which time, such as `6/min`.',
    reload: true,
  }),
  burst: setting(z.int().positive(), { doc: 'How many things may go at once.', reload: true }),
  maxWait: setting(
    durationMs.refine((ms) => ms <= LONGEST_WAIT_MS, 'must be at most 45s: clients give up after that'),
    {
      doc: 'How long a call may be held for its turn; it is refused where it would wait longer.',
      reload: true,
    },
  ),
})

/** Lists the classes that may have a pace: what is unknown is refused, never paced. */
const PACED_CLASSES = ACTION_CLASSES.filter((name) => name !== 'unknown')
const PACED = [...PACED_CLASSES, 'may-overwrite'] as const

/** A name of a rule is a label of metrics, too. */
const ruleName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be up to 64 of a-z, 0-9 and -, such as fleet-destructive')

const rule = paceSetting.extend({
  name: ruleName.refine((name) => !(PACED as readonly string[]).includes(name), 'is the name of a class'),
  classes: z.array(z.enum(PACED, { error: unknownValue(PACED) })).min(1),
  per: z
    .array(z.enum(DIMENSIONS, { error: unknownValue(DIMENSIONS) }))
    .min(1)
    .refine((per) => new Set(per).size === per.length, 'names something twice')
    .refine((per) => per.indexOf('fleet') <= 0, 'must name fleet alone or first'),
  mode: z.enum(['enforce', 'observe']).default('enforce'),
})

function namesOnce(rules: readonly { readonly name?: string | undefined }[], context: z.RefinementCtx): void {
  const seen = new Set<string>()
  for (const [index, { name }] of rules.entries()) {
    if (name === undefined) continue
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
    secretAccessKey: setting(z.string().min(1).optional(), { doc: 'The secret of the key.', mask: maskAll }),
    grants: grants.default([]),
  })
  .refine(
    ({ accessKeyId, secretAccessKey }) => (accessKeyId === undefined) === (secretAccessKey === undefined),
    {
      path: ['secretAccessKey'],
      error: 'accessKeyId and secretAccessKey go together',
    },
  )

/** A rule says what people must approve; all that is given must hold of a call. */
const approvalRule = z.strictObject({
  /** Left out: it is known by its place. */
  name: ruleName.optional(),
  classes: z.array(z.enum(PACED_CLASSES)).min(1),
  resources: z.array(z.string().min(1)).min(1).default(['*']),
  agents: z.array(z.string().min(1)).min(1).default(['*']),
  traits: z.array(z.enum(TRAITS)).default([]),
  approvers: z.union([z.literal(1), z.literal(2)]).default(1),
  minCount: z.int().min(1).default(1),
})

/** Which tasks people must approve before they are opened; all that is given must hold of what the task would be. */
const taskApprovalRule = approvalRule
  .pick({ name: true, classes: true, resources: true, agents: true, approvers: true })
  .extend({ minDuration: durationMs.prefault('0s') })

export const policy = z
  .strictObject({
    mode: setting(z.enum(['enforce', 'observe']).default('enforce'), {
      doc: 'observe: policy verdicts and pace are recorded, not enforced.',
      reload: true,
      environment: onlyTo('enforce'),
    }),
    bundle: setting(z.string().optional(), {
      doc: 'A bundle file; the packaged default policy otherwise.',
      reload: true,
      file: { kind: 'bundle', what: 'the policy bundle' },
    }),
    approvals: setting(z.array(approvalRule).default([]).superRefine(namesOnce), {
      doc: 'What people must approve: classes, and optionally name, resources, agents, traits, minCount; approvers 1 or 2.',
      reload: true,
    }),
    taskApprovals: setting(z.array(taskApprovalRule).prefault([]).superRefine(namesOnce), {
      doc: 'Tasks that people must approve, by what they may do: classes, and optionally name, resources, agents, minDuration; approvers 1 or 2.',
      reload: true,
    }),
    allowUnmodelled: setting(
      z.array(z.string().regex(/^[a-z0-9-]+:\w+:.+$/, 'must be service:Operation:parameter')).default([]),
      {
        doc: 'Parameters that changes may have although the catalogue lacks them: `service:Operation:name`.',
        reload: true,
      },
    ),
  })
  .prefault({})

const override = z
  .strictObject({
    name: ruleName.optional(),
    operation: z.string().regex(/^([a-z0-9-]+|\*):(\w+|\*)$/, 'must be service:Operation, with * for any'),
    resources: z.array(z.string().min(1)).min(1).optional(),
    classes: z.array(z.enum(PACED_CLASSES)).min(1).optional(),
    add: z
      .array(z.enum([...PACED_CLASSES, ...TRAITS]))
      .min(1)
      .optional(),
  })
  .refine(({ classes, add }) => classes !== undefined || add !== undefined, 'needs classes or add')

export const catalogue = z
  .strictObject({
    overrides: setting(z.array(override).default([]).superRefine(namesOnce), {
      doc: 'Other classes for an operation, or for some of its resources; the later entry wins. A name is optional.',
      reload: true,
    }),
    guardedTags: setting(z.array(z.string().min(1).max(128)).default([]), {
      doc: 'Tag keys that grants, policy or automation go by: to set or remove one is `protection`.',
      reload: true,
    }),
    services: setting(z.array(privateService).default([]), {
      doc: 'Services that are not of AWS: name, hosts, region, operations; see docs/private-services.md.',
    }),
  })
  .prefault({})

const paces = z.partialRecord(z.enum(PACED), paceSetting)
type Paces = z.output<typeof paces>

/** No class is faster, lets more through at once, or is held longer than before. */
function noneFaster(given: Paces, before: Paces): boolean {
  return PACED.every((name) => {
    const [is, was] = [given[name], before[name]]
    if (was === undefined) return true
    if (is === undefined) return false
    const isSlower = is.rate.things * was.rate.perMs <= was.rate.things * is.rate.perMs
    return isSlower && is.burst <= was.burst && is.maxWait <= was.maxWait
  })
}

export const pacing = z
  .strictObject({
    classes: setting(
      paces.prefault({}).transform((given) => ({
        ...paces.parse(DEFAULT_PACES),
        // Who set a pace for writes meant those that replace something too.
        ...(given.write === undefined ? {} : { 'may-overwrite': given.write }),
        ...given,
      })),
      {
        doc: 'The pace of a class, for each agent: rate, burst, maxWait. A class that is not given keeps its default.',
        reload: true,
        environment: { may: 'tighten', how: 'slow classes down', isTighter: noneFaster },
      },
    ),
    unboundedCount: setting(z.int().min(1).default(10), {
      doc: 'As how many things a call counts whose selector may match any number; a burst at most.',
      reload: true,
      environment: RAISE,
    }),
    cascadeWeight: setting(z.int().min(1).default(1), {
      doc: 'Multiplies the count of a call that removes a container with what it holds; a burst at most.',
      reload: true,
      environment: RAISE,
    }),
    rules: setting(z.array(rule).default([]).superRefine(namesOnce), {
      doc: 'Further budgets: name, classes, per, rate, burst, maxWait, mode. All that apply are charged.',
      reload: true,
    }),
    dwell: setting(durationMs.prefault('0s'), {
      doc: 'How long nothing is destroyed after its agent (its task) first had to do with it; 0s: no dwell.',
      reload: true,
      environment: RAISE,
    }),
  })
  .prefault({})
