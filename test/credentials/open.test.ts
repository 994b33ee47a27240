import { describe, expect, it } from 'vitest'
import { loadCatalogue } from '../../proxy/aws/catalogue/catalogue.ts'
import { parseConfig } from '../../proxy/config/load.ts'
import { openSigners, type SignerDeps } from '../../proxy/credentials/open.ts'
import type { Signable } from '../../proxy/credentials/role-sessions.ts'
import type { Revocation } from '../../proxy/identity/revocations.ts'
import { startSts } from '../support/sts.ts'
import { agentOf } from './agents.ts'

const ROLE = 'arn:aws:iam::444455556666:role/worker'
const AGENT = { id: 'a', grants: [{ classes: ['read'], resources: ['arn:aws:s3:::own/*'] }] }

type Listener = Parameters<SignerDeps['ledger']['onChange']>[0]

describe('openSigners', () => {
  it('forgets the credentials of a session when it is revoked, and of no other', async () => {
    const sts = await startSts()
    const loaded = parseConfig(
      {
        upstream: {
          endpoint: sts.upstream.url,
          credentials: { accessKeyId: 'AKIA', secretAccessKey: 's' },
          roles: [{ roleArn: ROLE }],
        },
        agents: [AGENT],
      },
      { file: 'moderato.yaml', folder: '/', environment: {} },
    )
    const listeners: Listener[] = []
    const revoked = new Set<string>()
    const { signers, accountOf, expirySeconds } = openSigners(loaded.config.upstream, {
      catalogue: loadCatalogue(),
      rules: () => ({ loaded }),
      lookup: undefined,
      ledger: {
        onChange: (listener: Listener) => listeners.push(listener),
      } as unknown as SignerDeps['ledger'],
      revocations: { of: ({ task }) => (revoked.has(task.id) ? ({} as Revocation) : undefined) },
      clock: { nowMs: () => Date.now() },
    })
    const use = async (id: string) => {
      const call = {
        service: 's3',
        actions: ['s3:GetObject'],
        resources: ['arn:aws:s3:::own/k'],
        classes: ['read'],
      }
      const agent = agentOf('a', { id }, Date.now() + 3_600_000)
      await signers.of({
        agent,
        call,
        authorization: { scope: { region: 'us-east-1' } },
      } as unknown as Signable)
    }
    for (const id of ['t1', 't2', 't1', 't2']) await use(id)
    revoked.add('t1')
    for (const listener of listeners) listener({ kind: 'freeze' } as Parameters<Listener>[0])
    await use('t1')
    for (const listener of listeners) listener({ kind: 'revocation' } as Parameters<Listener>[0])
    for (const id of ['t1', 't2']) await use(id)
    const assumed = sts.assumed()
    await sts.upstream.stop()
    expect(assumed.map(({ form }) => form['RoleSessionName'])).toEqual(['t1', 't2', 't1'])
    expect(assumed[0]?.policy).toContain('arn:aws:s3:::own/*')
    expect(accountOf(agentOf('a'))).toBe('444455556666')
    // Credentials of the configuration do not end.
    expect(expirySeconds()).toBe(Infinity)
  })
})
