import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Forwarded, Received } from '../../proxy/exchange/exchange.ts'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import type { AuditRecord } from '../../proxy/audit/record.ts'
import { pipeline } from '../../proxy/pipeline/pipeline.ts'
import { record } from '../../proxy/pipeline/run.ts'
import type { Outcome } from '../../proxy/exchange/outcome.ts'

const received: Received = {
  requestId: 'r1',
  httpVersion: '1.1',
  receivedAtMs: 0,
  method: 'POST',
  path: '/',
  query: '',
  headers: new HeaderFields([]),
  body: {
    present: false,
    lengthBytes: 0,
    isPending: false,
    discard: () => undefined,
    abandon: () => undefined,
    bytes: async () => Buffer.alloc(0),
    stream: () => expect.unreachable(),
  },
  client: { address: '127.0.0.1', gone: new AbortController().signal },
  reply: { destroy: () => undefined } as unknown as ServerResponse,
}

/** Facts of a call of these classes, as the stages before forward would have left them. */
function resigned(classes: readonly string[]): Forwarded {
  return {
    ...received,
    authorization: { scope: { region: 'us-east-1' } },
    agent: { id: 'agent' },
    payload: { kind: 'unsigned' },
    call: {
      service: 's3',
      operation: 'X',
      actions: [],
      resources: [],
      count: 1,
      class: classes[0],
      classes,
      traits: [],
      unmodelled: [],
      facts: {},
      accessLevel: 'Write',
    },
    decision: { engine: 'e', revision: 'r', rules: ['a.b'], wouldDeny: undefined },
    upstream: { status: 200, requestId: 'u', errorCode: undefined, durationMs: 1 },
  } as unknown as Forwarded
}

interface Story {
  readonly events: string[]
  readonly records: AuditRecord[]
  readonly outcomes: Outcome[]
  readonly bugs: unknown[]
  readonly stages: string[]
  /** The next step of the refusal, where it is not the table's. */
  next?: string | undefined
}

async function run(
  prepare: () => Forwarded,
  options: {
    commit?: () => Promise<void>
    forward?: (exchange: Forwarded) => Forwarded
    answer?: () => void
  } = {},
): Promise<Story> {
  const story: Story = { events: [], records: [], outcomes: [], bugs: [], stages: [] }
  const way = pipeline<Received>()
    .pipe(function prepared() {
      return prepare()
    })
    .pipe(function forward(exchange) {
      story.events.push('forward')
      return options.forward?.(exchange) ?? exchange
    })
  await record(way, {
    clock: { nowMs: () => 1_000 },
    audit: {
      append: (each) => {
        story.events.push(`append ${each.phase}`)
        story.records.push(each)
      },
      commit: async (each) => {
        await options.commit?.()
        story.events.push(`commit ${each.phase}`)
        story.records.push(each)
      },
      unverified: (each) => {
        story.events.push(`unverified ${each.phase}`)
        story.records.push(each)
      },
      refused: (_root, each) => {
        story.events.push(`refused ${each.phase}`)
        story.records.push(each)
      },
    },
    observeStage: (stage) => story.stages.push(stage),
    refused: () => undefined,
    finished: (outcome) => story.outcomes.push(outcome),
    bug: (error) => story.bugs.push(error),
    answer: (_, denial) => {
      options.answer?.()
      story.events.push(`answer ${denial.reason}`)
      story.next = denial.next
    },
  })(received)
  return story
}

describe('record', () => {
  it('redacts what the agent gave as values of facts (S8)', async () => {
    const exchange = resigned(['write'])
    const facts = {
      tags: ['db-password'],
      requestTags: { 'db-password': ['hunter22'], note: ['token=hunter22'] },
    }
    const { records } = await run(() => ({ ...exchange, call: { ...exchange.call, facts } }))
    expect(records[0]?.facts).toMatchObject({ parameters: { tags: ['db-password'] } })
    expect(JSON.stringify(records)).not.toContain('hunter22')
  })

  it('makes the decision durable before a change is forwarded (S3)', async () => {
    const { events, outcomes } = await run(() => resigned(['destructive']))
    expect(events).toEqual(['commit decision', 'forward', 'append outcome'])
    expect(outcomes).toMatchObject([{ decision: 'allow', reason: 'none' }])
  })

  it('does not wait for the disk before a read', async () => {
    expect((await run(() => resigned(['list']))).events).toEqual([
      'append decision',
      'forward',
      'append outcome',
    ])
  })

  it('waits for the disk if any class of the call is more than a read', async () => {
    expect((await run(() => resigned(['read', 'opaque']))).events[0]).toBe('commit decision')
  })

  it('tells the time of each stage once', async () => {
    expect((await run(() => resigned(['read']))).stages).toEqual(['prepared', 'forward'])
  })

  it('forwards nothing if the decision cannot be written', async () => {
    const { events, outcomes } = await run(() => resigned(['write']), {
      commit: () => Promise.reject(new Error('disk full')),
    })
    expect(events).toEqual(['refused decision', 'answer audit_unavailable'])
    expect(outcomes).toMatchObject([{ decision: 'error', reason: 'audit_unavailable' }])
  })

  it('leaves one decision for a refusal, with what was known by then', async () => {
    const { events, records, outcomes } = await run(() => {
      throw new Denial('bad_signature', 'no')
    })
    expect(events).toEqual(['unverified decision', 'answer bad_signature'])
    expect(records).toMatchObject([
      { decision: 'deny', reason: 'bad_signature', agent: undefined, class: 'unknown' },
    ])
    expect(outcomes).toHaveLength(1)
  })

  it('leaves one decision and one outcome if the upstream fails after the decision', async () => {
    const { events, records } = await run(() => resigned(['write']), {
      forward: () => {
        throw new Denial('upstream_unreachable', 'no')
      },
    })
    expect(events).toEqual(['commit decision', 'forward', 'append outcome', 'answer upstream_unreachable'])
    expect(records[1]).toMatchObject({ phase: 'outcome', reason: 'upstream_unreachable' })
  })

  it('treats whatever else is thrown as its own bug, and forwards nothing', async () => {
    const { events, bugs } = await run(() => {
      throw new TypeError('x is not a function')
    })
    expect(events).toEqual(['unverified decision', 'answer internal'])
    expect(bugs).toHaveLength(1)
  })

  it('says of its own bug after the decision that the call may have been made', async () => {
    const { events, bugs, next } = await run(() => resigned(['write']), {
      forward: () => {
        throw new TypeError('x is not a function')
      },
    })
    expect(events).toEqual(['commit decision', 'forward', 'append outcome', 'answer internal'])
    expect(bugs).toHaveLength(1)
    expect(next).toContain('may have been made')
  })

  it('never rejects, even if the answer cannot be written', async () => {
    const { outcomes, bugs } = await run(() => resigned(['write']), {
      forward: () => {
        throw new Denial('upstream_timeout', 'no')
      },
      answer: () => {
        throw new Error('socket closed')
      },
    })
    expect(outcomes).toMatchObject([{ reason: 'upstream_timeout' }])
    expect(bugs).toHaveLength(1)
  })
})
