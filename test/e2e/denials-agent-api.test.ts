/** What Moderato's own API refuses as no service does: in JSON, with the denial table's code and status. */
import { describe, expect, it } from 'vitest'
import { recordedProxy } from '../support/recorded.ts'
import { expectNextStep, refused } from './denial-check.ts'

const running = recordedProxy()

describe('a refusal of the agent API', () => {
  it('says that nothing is at a path, and what is served', async () => {
    const { result } = await refused(running.proxy, 'unknown_path', async () => {
      const answer = await fetch(`${running.proxy.url}/.moderato/v1/nothing`, { method: 'POST' })
      return { answer, json: (await answer.json()) as { code: string; message: string; requestId: string } }
    })
    expect(result.answer.status).toBe(404)
    expect(result.answer.headers.get('content-type')).toBe('application/json')
    expect(result.json).toMatchObject({
      code: 'ResourceNotFoundException',
      requestId: result.answer.headers.get('x-moderato-request-id'),
    })
    expectNextStep(result.json, 'unknown_path')
    expect(running.upstream.arrived).toHaveLength(0)
  })
})
