/** Reads from an audit log what was in force when calls were decided, beside the configuration. */
import { z } from 'zod'

/** A Circumstance changes how later calls are decided or paced. */
export type Circumstance =
  /** What a person decided about an approval: whether its call skips its pace. */
  | { readonly kind: 'approval'; readonly id: string; readonly skipsPace: boolean }
  /** Whether a break-glass widens the pace. */
  | { readonly kind: 'breakglass'; readonly id: string; readonly widensPace: boolean }
  /** What a watcher found, and until when its response holds; undefined if it changes no later call that is replayed. */
  | {
      readonly kind: 'drift'
      readonly agent: string
      readonly detector: string
      readonly findings: number
      readonly response: WatcherResponse | undefined
    }
  /** The operators' rules of classes, as a start or a reload put them in force. */
  | { readonly kind: 'classes'; readonly rules: Partial<ClassRules> }

export interface WatcherResponse {
  /** How many times as slow; undefined: people must approve every change. */
  readonly factor: number | undefined
  readonly fromMs: number
  readonly untilMs: number
}

export interface ClassRules {
  readonly overrides: readonly { readonly operation: string }[]
  readonly guardedTags: readonly string[]
}

const Approval = z.object({
  approval: z.string(),
  decision: z.literal('approve'),
  admin: z.object({ body: z.object({ skipPace: z.boolean().default(false) }) }),
})
const Breakglass = z.object({ breakglass: z.string(), opened: z.object({ pace: z.boolean() }) })
const moment = z.iso.datetime().transform((text) => Date.parse(text))
const Drift = z.object({
  agent: z.string(),
  drift: z.object({
    detector: z.string(),
    findings: z.int().default(1),
    from: moment.optional(),
    until: moment.optional(),
    factor: z.number().optional(),
  }),
})
const Overrides = z.array(z.looseObject({ operation: z.string() }))
const Tags = z.array(z.string())
const Start = z.object({ settings: z.array(z.object({ path: z.string(), value: z.unknown() })) })
const Reload = z.object({
  config: z.object({
    result: z.literal('applied'),
    changes: z.array(z.object({ path: z.string(), after: z.unknown() })),
  }),
})

/** Returns what a record of another phase than `decision` says; undefined if replay does not go by it. */
export function readCircumstance(phase: unknown, json: unknown): Circumstance | undefined {
  switch (phase) {
    case 'approval': {
      const { data } = Approval.safeParse(json)
      return data && { kind: 'approval', id: data.approval, skipsPace: data.admin.body.skipPace }
    }
    case 'breakglass': {
      const { data } = Breakglass.safeParse(json)
      return data && { kind: 'breakglass', id: data.breakglass, widensPace: data.opened.pace }
    }
    case 'drift':
      return driftIn(Drift.safeParse(json).data)
    case 'start':
      return classesIn(Start.safeParse(json).data?.settings.map(({ path, value }) => [path, value]))
    case 'config':
      return classesIn(Reload.safeParse(json).data?.config.changes.map(({ path, after }) => [path, after]))
    default:
      return undefined
  }
}

function driftIn(record: z.output<typeof Drift> | undefined): Circumstance | undefined {
  if (record === undefined) return undefined
  const { detector, findings, from, until, factor } = record.drift
  const response =
    from === undefined || until === undefined ? undefined : { factor, fromMs: from, untilMs: until }
  return { kind: 'drift', agent: record.agent, detector, findings, response }
}

function classesIn(settings: readonly (readonly [string, unknown])[] | undefined): Circumstance | undefined {
  const named = new Map(settings)
  const overrides = Overrides.safeParse(named.get('catalogue.overrides')).data
  const guardedTags = Tags.safeParse(named.get('catalogue.guardedTags')).data
  if (overrides === undefined && guardedTags === undefined) return undefined
  return { kind: 'classes', rules: { ...(overrides && { overrides }), ...(guardedTags && { guardedTags }) } }
}

/**
 * Tells whether a call may have other classes under other rules: an entry that only one of them has is about its operation,
 * or it has to do with tags. The record does not hold what it takes to class such a call again.
 */
export function mayBeClassedOtherwise(
  {
    service,
    operation,
    classes,
  }: { readonly service: string; readonly operation: string | null; readonly classes: readonly string[] },
  before: ClassRules,
  after: ClassRules,
): boolean {
  const [one, other] = [before.overrides.map(written), after.overrides.map(written)]
  const changed = [
    ...before.overrides.filter((each) => !other.includes(written(each))),
    ...after.overrides.filter((each) => !one.includes(written(each))),
  ]
  const isAbout = changed.some((entry) => {
    const [name = '', wanted = ''] = entry.operation.split(':')
    return (name === '*' || name === service) && (wanted === '*' || wanted === operation)
  })
  return isAbout || tagsDiffer(before, after, classes, operation)
}

function tagsDiffer(
  before: ClassRules,
  after: ClassRules,
  classes: readonly string[],
  operation: string | null,
) {
  const same = before.guardedTags.toSorted().join('\n') === after.guardedTags.toSorted().join('\n')
  return !same && (classes.includes('tagging') || /Tag/.test(operation ?? ''))
}

/** Keys in one order, so that equal entries are the same text. */
function written(entry: object): string {
  return JSON.stringify(Object.fromEntries(Object.entries(entry).toSorted(([a], [b]) => (a < b ? -1 : 1))))
}
