/** Agents that one template made share a root, and so the names of their tasks: nothing else of each other's. */
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { dynamodb } from '../support/clients.ts'
import { Issuer, issuerKey, tokenOf } from '../support/issuer.ts'
import { startScene } from '../support/scene.ts'
import type { OpenedTask } from '../support/tasks.ts'

describe('an agent', () => {
  it('ends, and asks about, no task of a neighbour that the same template made', async () => {
    const key = await issuerKey('k1')
    const issuer = await Issuer.start([key])
    const grants = [{ classes: ['read', 'list'], resources: ['*'] }]
    const rules = [{ match: { repository: '*' }, agent: 'ci/{repository}', grants }]
    const provider = { type: 'oidc', name: 'ci', issuer: issuer.url, audience: 'moderato', rules }
    const { proxy } = await startScene({ settings: { identity: { providers: [provider] } } })
    const ask = async (repository: string, method: string, path: string, body?: object) => {
      const claims = { sub: repository, repository, jti: String(Math.random()) }
      const authorization = `Bearer ${await tokenOf(key, issuer.url, { claims })}`
      const init = { method, headers: { authorization }, ...(body && { body: JSON.stringify(body) }) }
      const answer = await fetch(`${proxy.url}/.moderato/v1/tasks${path}`, init)
      return { status: answer.status, json: (await answer.json()) as OpenedTask }
    }
    try {
      const { json } = await ask('victim', 'POST', '', { id: 'deploy', intent: 'deploy' })
      const { expiration: _, ...credentials } = json.credentials
      const list = () =>
        dynamodb(proxy.url, BUILDER, { credentials, maxAttempts: 1 }).send(new ListTablesCommand({}))
      await list()
      expect(await ask('evil', 'DELETE', '/deploy')).toMatchObject({ json: { task: { ended: false } } })
      const shown = await ask('evil', 'GET', '/deploy')
      expect(shown.json).toMatchObject({ task: { open: false }, counts: { calls: 0 }, leftBehind: [] })
      await list()
      const record = await proxy.record(
        ({ operation, agent }) => operation === 'EndTask' && agent === 'ci/evil',
      )
      expect(record).toMatchObject({ task: 'deploy' })
      expect(await ask('victim', 'GET', '/deploy')).toMatchObject({
        json: { task: { open: true }, counts: { calls: 2 } },
      })
      expect(await ask('victim', 'DELETE', '/deploy')).toMatchObject({ json: { task: { ended: true } } })
      await expect(list()).rejects.toThrow('was ended')
    } finally {
      await issuer.stop()
    }
  })
})
