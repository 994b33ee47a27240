import { markEffectMade } from '../../proxy/exchange/facts.ts'
import { passedStages } from '../support/facts.ts'
import { describe, expect, it } from 'vitest'
import type { Paced, Received } from '../../proxy/exchange/exchange.ts'
import { pipeline } from '../../proxy/pipeline/pipeline.ts'
import { record } from '../../proxy/pipeline/run.ts'
import { asked } from './agent-requests.ts'

async function run(commit: () => Promise<void>): Promise<string[]> {
  const events: string[] = []
  const described = await asked({ type: 'eks-token', cluster: 'dev' })
  const route = pipeline<Received>()
    .pipe((): Paced => ({
      ...passedStages(described),
      decision: { engine: 'e', revision: 'r', rules: [], wouldDeny: undefined, approvals: 0, why: [] },
      approval: undefined,
      waitedMs: undefined,
      wouldThrottle: undefined,
    }))
    .pipe(function sign(exchange) {
      events.push('sign')
      return markEffectMade(exchange)
    })
  await record(route, {
    clock: { nowMs: () => 0 },
    audit: {
      append: ({ phase }) => void events.push(`append ${phase}`),
      commit: ({ phase }) => commit().then(() => void events.push(`commit ${phase}`)),
      unverified: () => expect.unreachable(),
      refused: (_root, { phase }) => void events.push(`refused ${phase}`),
    },
    observeStage: () => undefined,
    refused: () => undefined,
    finished: () => undefined,
    bug: (error) => expect.fail(String(error)),
    answer: (_, { reason }) => void events.push(`answer ${reason}`),
  })(described)
  return events
}

describe('what is signed for others', () => {
  it('is recorded durably before it is signed', async () => {
    expect(await run(() => Promise.resolve())).toEqual(['commit decision', 'sign', 'append outcome'])
  })

  it('is not signed if that cannot be recorded', async () => {
    const events = await run(() => Promise.reject(new Error('disk full')))
    expect(events).toEqual(['refused decision', 'answer audit_unavailable'])
  })
})
