/** The part of the configuration that says what watchers look for, and what they do then. */
import { z } from 'zod'
import { maskPath, setting } from './setting.ts'
import { durationMs } from './values.ts'

/** From the mildest; every one does what `mark` does, and all but `mark` alert. */
export const RESPONSES = ['mark', 'alert', 'slow', 'approve', 'revoke', 'quarantine'] as const
export type Response = (typeof RESPONSES)[number]

const response = z.enum(RESPONSES)
const count = (most: number) => z.int().min(1).max(most)
const window = durationMs.refine((ms) => ms > 0 && ms <= 86_400_000, 'must be above 0s, at most 24h')

/** The settings that every detector has beside its own parameters. */
const common = (forDefault?: string) => ({
  response: response.default('alert'),
  factor: z.number().min(1).max(1_000).default(4).describe('slow: how many times as slow.'),
  for:
    forDefault === undefined
      ? durationMs.optional().describe('How long; slow and approve 1h, quarantine until lifted.')
      : durationMs.prefault(forDefault),
})

const detector = <Own extends z.ZodRawShape>(own: Own, forDefault?: string) =>
  z.strictObject({ ...common(forDefault), ...own })

/** Each detector's parameters with their defaults. */
export const DETECTOR_SETTINGS = {
  'recreate-loop': detector({ pairs: count(50).default(2), within: window.prefault('30m') }).describe(
    'the same thing deleted and made again, `pairs` times, that the task did not make itself',
  ),
  fanout: detector({
    calls: count(100).default(5),
    services: count(100).default(3),
    within: window.prefault('60s'),
  }).describe('`calls` destructions over `services` services'),
  'read-to-destructive': detector({ within: window.prefault('30s') }).describe(
    'something destroyed that this agent (in this task) came upon only just now and did not make, or a destruction in a task opened just now',
  ),
  'guard-removal': detector({ within: window.prefault('15m') }).describe(
    'a guard weakened, then the same thing destroyed',
  ),
  'retry-storm': detector(
    {
      same: count(500).default(5),
      sameWithin: window.prefault('60s'),
      any: count(500).default(20),
      anyWithin: window.prefault('5m'),
    },
    '10m',
  ).describe('one call refused `same` times, or calls refused `any` times; throttling is no refusal'),
  'privilege-chain': detector({
    within: window.prefault('15m'),
    own: z.array(z.string().min(1)).default([]),
  }).describe(
    'a principal given permissions or credentials, then used; or one of `own`, the ARNs that agents act as, given any',
  ),
  'mass-delete': detector({ things: count(1_000_000).default(100), within: window.prefault('60s') }).describe(
    '`things` deleted, one by one or in one call',
  ),
  'blind-and-burn': detector({ within: window.prefault('60m'), burnResponse: response.optional() }).describe(
    'logging, detection, backup, retention or keys turned off, or a refused try; graver (`burnResponse`) with a destruction beside it',
  ),
  novelty: detector({ learn: durationMs.prefault('1h') }).describe(
    'a service or class that the scopes of the task name nowhere; of an agent without them, one that it never used while it was learned',
  ),
} as const
export type DetectorName = keyof typeof DETECTOR_SETTINGS
export const DETECTOR_NAMES = Object.keys(DETECTOR_SETTINGS) as DetectorName[]

const optional = <Schema extends z.ZodType>(schema: Schema) => schema.prefault({} as z.input<Schema>)

const detectors = z
  .strictObject(
    {
      'recreate-loop': optional(DETECTOR_SETTINGS['recreate-loop']),
      fanout: optional(DETECTOR_SETTINGS.fanout),
      'read-to-destructive': optional(DETECTOR_SETTINGS['read-to-destructive']),
      'guard-removal': optional(DETECTOR_SETTINGS['guard-removal']),
      'retry-storm': optional(DETECTOR_SETTINGS['retry-storm']),
      'privilege-chain': optional(DETECTOR_SETTINGS['privilege-chain']),
      'mass-delete': optional(DETECTOR_SETTINGS['mass-delete']),
      'blind-and-burn': optional(DETECTOR_SETTINGS['blind-and-burn']),
      novelty: optional(DETECTOR_SETTINGS.novelty),
    },
    {
      error: ({ code }) =>
        code === 'unrecognized_keys' ? `is no detector; there are ${DETECTOR_NAMES.join(', ')}` : undefined,
    },
  )
  .prefault({})

export const watch = z
  .strictObject({
    detectors: setting(detectors, {
      doc: 'What each watcher does and from when on; see the table of detectors.',
      reload: true,
    }),
    alerts: z
      .strictObject({
        url: setting(z.string().min(1), {
          doc: 'Where each alert is posted; https unless loopback.',
          mask: maskPath,
        }),
        secretFile: setting(z.string().min(1), {
          doc: 'A file of mode 0600: the key of the HMAC over what is posted.',
          file: { kind: 'secret', what: 'the key of alerts' },
        }),
        format: setting(z.enum(['json', 'slack']).default('json'), {
          doc: 'slack: for an incoming webhook.',
        }),
      })
      .optional()
      .describe('Where alerts go beside the log.'),
  })
  .prefault({})

export type DetectorSettings = z.output<typeof detectors>
export type AlertSettings = NonNullable<z.output<typeof watch>['alerts']>

/** Returns the name by which a detector acts, where persons act by theirs. */
export function watcherName(detector: string): string {
  return `watcher ${detector}`
}
