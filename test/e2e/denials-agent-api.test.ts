/** What Moderato's own API refuses as no service does: in JSON, with the denial table's code and status. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { expectNextStep, refused } from './denial-check.ts'

let upstream: RecordingUpstream
let proxy: Proxy

beforeAll(async () => {
  upstream = await RecordingUpstream.start()
  proxy = await startProxy({ upstream: upstream.url })
})
afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

describe('a refusal of the agent API', () => {
  it('says that nothing is at a path, and what is served', async () => {
    const { result } = await refused(proxy, 'unknown_path', async () => {
      const answer = await fetch(`${proxy.url}/.moderato/v1/nothing`, { method: 'POST' })
      return { answer, json: (await answer.json()) as { code: string; message: string; requestId: string } }
    })
    expect(result.answer.status).toBe(404)
    expect(result.answer.headers.get('content-type')).toBe('application/json')
    expect(result.json).toMatchObject({
      code: 'ResourceNotFoundException',
      requestId: result.answer.headers.get('x-moderato-request-id'),
    })
    expectNextStep(result.json, 'unknown_path')
    expect(upstream.arrived).toHaveLength(0)
  })
})
