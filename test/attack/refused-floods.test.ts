/** Refused calls by the thousand from one agent: what they take from another agent, and from the disk (rule S28). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, READER, STRANGER } from '../support/agents.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { dynamodbCall, send, signed, type RawRequest } from '../support/raw-http.ts'
import { answerEmptyJson, RecordingUpstream } from '../support/recording-upstream.ts'

const KIBIBYTE = 1024
const CALLS = 1_000
const KEYS = 1_000
/** 1,000 KiB at once, and less than 1 MiB for each of the minutes that the test may take. */
const MAX_AUDIT_BYTES = 2_024 * KIBIBYTE

let upstream: RecordingUpstream
let proxy: Proxy

beforeAll(async () => {
  upstream = await RecordingUpstream.start()
  upstream.answer = answerEmptyJson
  proxy = await startProxy({ upstream: upstream.url, agents: [BUILDER, READER, STRANGER] })
})
afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

/** Deletes 1,000 objects, whose names are as long as given. */
function deleteObjects(agent: typeof BUILDER, keyLength: number): Promise<RawRequest> {
  const objects = Array.from(
    { length: KEYS },
    (_, i) => `<Object><Key>${String(i).padStart(keyLength, 'k')}</Key></Object>`,
  )
  const body = `<Delete>${objects.join('')}</Delete>`
  const headers = { 'content-length': String(body.length) }
  return signed(
    proxy.url,
    { method: 'POST', target: '/bucket?delete=', headers, body },
    { service: 's3', agent },
  )
}

describe('an agent whose calls of 1,000 resources are refused again and again', () => {
  it('takes a bounded part of the disk and no service of another agent', { timeout: 120_000 }, async () => {
    const refused = await deleteObjects(STRANGER, 20)
    const served: number[] = []
    let left = CALLS
    const attacker = async (): Promise<void> => {
      while (left-- > 0) expect((await send(proxy.url, refused)).status).toBe(403)
    }
    const good = async (): Promise<void> => {
      while (left > 0)
        served.push((await send(proxy.url, await dynamodbCall(proxy.url, 'ListTables', {}, READER))).status)
    }
    await Promise.all([attacker(), attacker(), attacker(), attacker(), good()])

    expect(served.length).toBeGreaterThan(0)
    expect(new Set(served)).toEqual(new Set([200]))
    await proxy.metricReaches('moderato_denials_total', { reason: 'policy_denied' }, CALLS)
    const allowed = await send(proxy.url, await deleteObjects(BUILDER, 1_024))
    expect(allowed.status).toBe(200)
    const decision = await proxy.decision(String(allowed.headers['x-moderato-request-id']))

    proxy.signal('SIGTERM')
    await proxy.ended
    const records = proxy.records()
    const theirs = records.filter(({ agent }) => agent === STRANGER.id)
    const bytes = theirs.reduce((sum, line) => sum + JSON.stringify(line).length + 1, 0)
    expect(bytes).toBeLessThan(MAX_AUDIT_BYTES)
    const single = theirs.filter(({ phase }) => phase === 'decision')
    const counted = theirs.reduce((sum, { refusals }) => sum + (refusals?.['policy_denied'] ?? 0), 0)
    expect(single.length + counted).toBe(CALLS)
    expect(single[0]).toMatchObject({ count: KEYS, omitted: KEYS - 50 })
    // Each decision of others is there, and all of an allowed call.
    const ofReader = records.filter(({ phase, agent }) => phase === 'decision' && agent === READER.id)
    expect(ofReader).toHaveLength(served.length)
    expect(decision.resources).toHaveLength(KEYS)
    expect(decision).not.toHaveProperty('omitted')
  })
})
