/** The part of the configuration that says where pace, approvals and what was forwarded are kept. */
import { z } from 'zod'
import { durationMs } from './values.ts'

const file = z.string().min(1)

export const state = z
  .strictObject({
    store: z
      .enum(['sqlite', 'memory', 'valkey'])
      .default('sqlite')
      .describe('sqlite survives a restart; valkey is shared by replicas; memory is for tries.'),
    file: file
      .optional()
      .describe('The SQLite file, stateDir/state.sqlite otherwise; processes on one machine may share it.'),
    url: z
      .string()
      .optional()
      .describe('Of Valkey or Redis: `valkeys://HOST:PORT/DB` (TLS), or `valkey://` on a loopback address.'),
    passwordFile: file
      .optional()
      .describe('A file of mode 0600 that holds the password, better than one in the URL.'),
    ca: file.optional().describe("PEM file of the authority of the server's certificate."),
    keyFile: file
      .optional()
      .describe(
        'The secret that the ledger is sealed with, the same for all that share a store; made if missing.',
      ),
    prefix: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and hyphens')
      .default('moderato')
      .describe('Begins every key in Valkey; one for each installation that shares a server.'),
    timeout: durationMs
      .refine((ms) => ms >= 10 && ms <= 5_000, 'must be 10ms to 5s')
      .prefault('500ms')
      .describe('How long an answer of Valkey may take.'),
    readsWhileDown: z
      .enum(['allow', 'refuse'])
      .default('allow')
      .describe('Whether reads and lists go on while the store cannot be reached; nothing else does.'),
  })
  .prefault({})
