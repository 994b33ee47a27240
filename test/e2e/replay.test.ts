import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { expect, it } from 'vitest'
import { run } from '../../proxy/cli/replay.ts'
import type { ReplayReport } from '../../proxy/replay/replay.ts'
import { captured } from '../cli/captured.ts'
import { BUILDER, READER, type TestAgent } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import type { Proxy } from '../support/proxy.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'

let upstream: RecordingUpstream
let proxy: Proxy

async function replayed(
  name: string,
  agents: readonly TestAgent[],
  pacing: object = {},
): Promise<ReplayReport> {
  const file = join(proxy.stateDir, name)
  const settings = { agents, pacing, upstream: { endpoint: upstream.url } }
  writeFileSync(file, JSON.stringify(settings), { mode: 0o600 })
  const { io, out, err } = captured()
  expect(await run([join(proxy.stateDir, 'audit'), '--config', file, '--json'], io), err()).toBe(0)
  return JSON.parse(out()) as ReplayReport
}

it('replays what the proxy recorded: a burst under a human pace, a grant that would let it through', async () => {
  ;({ upstream, proxy } = await startScene({ agents: [BUILDER, READER] }))
  const drop = (index: number, agent: TestAgent) =>
    dynamodb(proxy.url, agent).send(new DeleteTableCommand({ TableName: `t${index}` }))
  const eleven = Array.from({ length: 11 }, (_, index) => index)
  await Promise.all(eleven.map((index) => drop(index, BUILDER)))
  for (const index of [1, 2, 3]) await thrownBy(drop(index, READER))
  const stranger = { ...READER, secretAccessKey: 'not-the-secret-of-the-reader-at-all-no' }
  await thrownBy(dynamodb(proxy.url, stranger).send(new ListTablesCommand({})))
  await dynamodb(proxy.url, READER).send(new ListTablesCommand({}))
  await proxy.record(({ phase, operation }) => phase === 'outcome' && operation === 'ListTables')

  const asIs = await replayed('same.yaml', [BUILDER, READER])
  expect(asIs).toMatchObject({ calls: 15, letThrough: 0, stopped: 0, unreadable: 0 })
  expect(asIs.skipped).toEqual({ 'no verified agent': 1 })
  const burst = asIs.rows.find(({ agent, class: label }) => agent === BUILDER.id && label === 'destructive')
  expect(burst?.before).toMatchObject({ allowed: 11, waited: 0, throttled: 0 })
  expect(burst?.after).toMatchObject({ allowed: 4, waited: 2, throttled: 7 })

  const generous = await replayed('generous.yaml', [BUILDER, { ...READER, grants: BUILDER.grants }])
  // Two at once, and one after ten seconds.
  expect(generous.letThrough).toBe(3)
  expect(generous.rows.map(({ after }) => after.waited)).toEqual([2, 1, 0])
  const fast = { classes: { destructive: { rate: '60/min', burst: 20, maxWait: '0s' } } }
  const through = await replayed('fast.yaml', [BUILDER, { ...READER, grants: BUILDER.grants }], fast)
  expect(through.letThrough).toBe(3)
  expect(through.rows.flatMap(({ after }) => [after.waited, after.throttled])).toEqual([0, 0, 0, 0, 0, 0])
})
