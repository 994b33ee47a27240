/** The part of the configuration that says who agents are, and how long their tasks may be. */
import { z } from 'zod'
import { providers } from './providers.ts'
import { durationMs, parsed } from './values.ts'
import { parseRate } from '../../pacing/rates.ts'

const LONGEST_TASK_MS = 12 * 60 * 60_000

export const tasks = z
  .strictObject({
    maxDuration: durationMs
      .refine((ms) => ms >= 60_000 && ms <= LONGEST_TASK_MS, 'must be 1m to 12h')
      .prefault('1h')
      .describe('The longest that a task may be opened for.'),
    defaultDuration: durationMs.prefault('1h').describe('For how long, where the agent does not say.'),
    require: z
      .array(z.enum(['intent', 'justification', 'ticket']))
      .default(['intent'])
      .describe('What a task must say; the session name of STS is an intent.'),
    rate: parsed(parseRate)
      .prefault('60/min')
      .describe('Credentials that an agent may be given, of all its tasks.'),
    burst: z.int().positive().default(20).describe('How many of them at once.'),
  })
  .prefault({})

export const identity = z
  .strictObject({
    sealingKeys: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File of the keys that session tokens are sealed with; stateDir/sealing-keys, made at first start.',
      ),
    providers: providers
      .default([])
      .describe('Who vouches for agents (oidc, spiffe-jwt, spiffe-x509), and which agents that makes.'),
  })
  .prefault({})
