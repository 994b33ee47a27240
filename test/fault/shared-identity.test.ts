/** What an identity is good for, where replicas share a store: each store must keep it, not the default one alone. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { ALICE, approvalIn, approvals, PEOPLE } from '../support/approvers.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { Issuer, issuerKey, tokenOf, type IssuerKey } from '../support/issuer.ts'
import { moderato } from '../support/moderato.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { SHARED_STORES, type SharedStore } from '../support/shared-stores.ts'
import { askTasks } from '../support/tasks.ts'
import { exchange } from '../support/workload.ts'

describe.each(SHARED_STORES)('two replicas that share %s', (_, skipped, make) => {
  let folder: string
  let upstream: RecordingUpstream
  let key: IssuerKey
  let issuer: Issuer
  let shared: SharedStore | undefined
  const proxies: Proxy[] = []
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'moderato-identity-'))
    upstream = await RecordingUpstream.start()
    key = await issuerKey('k1')
    issuer = await Issuer.start([key])
  })
  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((each) => each.stop()))
    await shared?.end()
    await Promise.all([upstream.stop(), issuer.stop()])
    rmSync(folder, { recursive: true, force: true })
  })

  async function replicas(provider: object = {}, policy: object = {}): Promise<readonly [Proxy, Proxy]> {
    shared = await make()
    const { state } = shared
    const rules = [{ match: { sub: 'known' }, agent: BUILDER.id }]
    const oidc = { type: 'oidc', name: 'ci', issuer: issuer.url, audience: 'moderato', rules, ...provider }
    const start = async (name: string): Promise<Proxy> => {
      const proxy = await startProxy({
        upstream: upstream.url,
        stateDir: join(folder, name),
        settings: {
          state,
          policy,
          admin: { people: PEOPLE },
          identity: { sealingKeys: join(folder, 'sealing-keys'), providers: [oidc] },
        },
      })
      proxies.push(proxy)
      return proxy
    }
    return [await start('one'), await start('other')]
  }
  const token = () => tokenOf(key, issuer.url, { claims: { sub: 'known' } })

  it.skipIf(skipped)('take a token once in a task, whichever of them it comes to', async () => {
    const [one, other] = await replicas()
    const [text, second] = [
      await token(),
      await tokenOf(key, issuer.url, { claims: { sub: 'known', jti: '2' } }),
    ]
    const { accessKeyId } = await exchange(one.url, text, 'task-1')
    expect(accessKeyId).toMatch(/^ASIA/)
    for (const proxy of [one, other]) {
      const { name, message } = await thrownBy(exchange(proxy.url, text, 'task-1'))
      expect({ name, message }).toEqual({
        name: 'AccessDenied',
        message: expect.stringContaining('reason identity_replayed'),
      })
    }
    // In another task it is good, and so is another token in this one.
    await exchange(other.url, text, 'task-2')
    await exchange(other.url, second, 'task-1')
  })

  it.skipIf(skipped)('take it as often as its provider says, of all who race for it', async () => {
    const [one, other] = await replicas({ tokenUses: 3 })
    const text = await token()
    const tries = Array.from({ length: 9 }, (_, at) => exchange((at % 2 === 0 ? one : other).url, text, 'tf'))
    const outcomes = await Promise.allSettled(tries)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
  })

  it.skipIf(skipped)('open one task for one approval, of all who race for it', async () => {
    const [one, other] = await replicas({}, { taskApprovals: [{ classes: ['destructive'] }] })
    const body = { intent: 'clean up', grants: [{ classes: ['destructive'], resources: ['*'] }] }
    const id = approvalIn((await askTasks(one, BUILDER, body)).json.message ?? '')
    await expect.poll(() => approvals(other, ALICE, 'list')).toContain(id)
    await approvals(other, ALICE, 'approve', id)
    await expect.poll(() => approvals(one, ALICE, 'show', id)).toContain(': approved')
    const tries = Array.from({ length: 8 }, (_, at) => askTasks(at % 2 === 0 ? one : other, BUILDER, body))
    const answers = await Promise.all(tries)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it.skipIf(skipped)('refuse a session that was revoked at the other', async () => {
    const [one, other] = await replicas()
    const credentials = await exchange(one.url, await token(), 'task-1')
    const list = (proxy: Proxy) =>
      dynamodb(proxy.url, BUILDER, { credentials, maxAttempts: 1 }).send(new ListTablesCommand({}))
    await list(other)
    const ran = await moderato(one, ['sessions', 'revoke', '--task', 'task-1', '--reason', 'it leaked'])
    expect(ran).toMatchObject({ code: 0, err: '' })
    await expect.poll(async () => (await thrownBy(list(other))).message).toContain('it leaked')
  })
})
