/** The part of the configuration that says who agents are, and how long their tasks may be. */
import { z } from 'zod'
import { providers } from './providers.ts'
import { free, LOWER, setting } from './setting.ts'
import { durationMs, parsed } from './values.ts'
import { parseRate, type RatePer } from '../../pacing/rates.ts'

const LONGEST_TASK_MS = 12 * 60 * 60_000

export const tasks = z
  .strictObject({
    maxDuration: setting(
      durationMs.refine((ms) => ms >= 60_000 && ms <= LONGEST_TASK_MS, 'must be 1m to 12h').prefault('1h'),
      { doc: 'The longest that a task may be opened for.' },
    ),
    defaultDuration: setting(durationMs.prefault('1h'), {
      doc: 'For how long, where the agent does not say.',
      environment: free('An agent may ask for tasks.maxDuration anyway, and that is guarded.'),
    }),
    require: setting(z.array(z.enum(['intent', 'justification', 'ticket'])).default(['intent']), {
      doc: 'What a task must say; the session name of STS is an intent.',
    }),
    rate: setting(parsed(parseRate, 'a rate such as 60/min').prefault('60/min'), {
      doc: 'Credentials that an agent may be given, of all its tasks.',
      environment: {
        may: 'tighten',
        how: 'lower it',
        isTighter: (given: RatePer, before: RatePer) =>
          given.things * before.perMs <= before.things * given.perMs,
      },
    }),
    burst: setting(z.int().positive().default(20), {
      doc: 'How many of them at once.',
      environment: LOWER,
    }),
  })
  .prefault({})

export const identity = z
  .strictObject({
    sealingKeys: setting(z.string().min(1).optional(), {
      doc: 'File of the keys that session tokens are sealed with; stateDir/sealing-keys, made at first start.',
      file: { kind: 'state', what: 'the sealing keys' },
    }),
    providers: setting(providers.default([]), {
      doc: 'Who vouches for agents (oidc, spiffe-jwt, spiffe-x509), and which agents that makes.',
    }),
  })
  .prefault({})
