/** The part of the configuration that says where pace, approvals and what was forwarded are kept. */
import { z } from 'zod'
import { free, maskLogin, RAISE, setting } from './setting.ts'
import { durationMs } from './values.ts'

const file = z.string().min(1)

export const state = z
  .strictObject({
    store: setting(z.enum(['sqlite', 'memory', 'valkey']).default('sqlite'), {
      doc: 'sqlite survives a restart; valkey is shared by replicas; memory is for tries.',
    }),
    file: setting(file.optional(), {
      doc: 'The SQLite file, stateDir/state.sqlite otherwise; processes on one machine may share it.',
      file: { kind: 'state', what: 'the state store' },
    }),
    url: setting(z.string().optional(), {
      doc: 'Of Valkey or Redis: `valkeys://HOST:PORT/DB` (TLS), or `valkey://` on a loopback address.',
      mask: maskLogin,
    }),
    passwordFile: setting(file.optional(), {
      doc: 'A file of mode 0600 that holds the password, better than one in the URL.',
      environment: free('It goes to the store alone, and which store that is, is guarded.'),
      file: { kind: 'secret', what: 'the password of the state store' },
    }),
    ca: setting(file.optional(), {
      doc: "PEM file of the authority of the server's certificate.",
      file: { kind: 'public', what: 'the authority of the state store' },
    }),
    keyFile: setting(file.optional(), {
      doc: 'The secret that the ledger is sealed with, the same for all that share a store; made if missing.',
      file: { kind: 'state', what: 'the key of the ledger' },
    }),
    prefix: setting(
      z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and hyphens')
        .default('moderato'),
      { doc: 'Begins every key in Valkey; one for each installation that shares a server.' },
    ),
    timeout: setting(
      durationMs.refine((ms) => ms >= 10 && ms <= 5_000, 'must be 10ms to 5s').prefault('500ms'),
      {
        doc: 'How long an answer of Valkey may take.',
        // Not lower: a store that is too slow counts as down, and then reads may go on without it.
        environment: RAISE,
      },
    ),
    readsWhileDown: setting(z.enum(['allow', 'refuse']).default('allow'), {
      doc: 'Whether reads and lists go on while the store cannot be reached; nothing else does.',
    }),
  })
  .prefault({})
