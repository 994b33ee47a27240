import { describe, expect, it } from 'vitest'
import type { Scope } from '../../proxy/core/agent.ts'
import { newTaskApproval, taskDigest } from '../../proxy/agent-api/task-approval.ts'
import type { AgentRequested } from '../../proxy/agent-api/agent-request.ts'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import type { TaskGrant } from '../../proxy/exchange/task-opening.ts'

function openingOf(scopes: readonly Scope[], asked: Partial<TaskGrant['asked']> = {}): TaskGrant {
  return { session: { task: { id: 't', scopes } }, asked, durationSeconds: 900 } as unknown as TaskGrant
}

function mayOf(scopes: readonly Scope[]) {
  const call = { service: 'moderato', operation: 'OpenTask', actions: [], resources: ['*'] }
  const exchange = { agent: { id: 'a', root: 'a' }, call, method: 'POST', headers: new HeaderFields([]) }
  const need = { approvers: 1, why: [] } as const
  return newTaskApproval(exchange as unknown as AgentRequested, openingOf(scopes), 'd', need, () => undefined)
    .facts.opens
}

describe('what people are shown of a task', () => {
  it('is one line for each resource, the gravest first', () => {
    const grants: Scope = {
      grants: [
        { classes: ['read'], resources: ['arn:1', 'arn:2'] },
        { classes: ['reads-secret'], resources: ['arn:3'] },
        { classes: ['write'], resources: ['arn:2'] },
        { classes: ['destructive'], resources: ['arn:1'] },
      ],
    }
    const statements: Scope = {
      statements: [{ effect: 'Deny', actions: ['s3:GetObject', 's3:PutObject'], resources: ['arn:4'] }],
    }
    expect(mayOf([grants, statements])).toMatchObject({
      may: [
        'destructive, read on arn:1',
        'write, read on arn:2',
        'reads-secret on arn:3',
        'Deny s3:GetObject, s3:PutObject on arn:4',
      ],
    })
  })

  it.each<[string, Scope]>([
    [
      'much that is mild',
      {
        grants: [
          { classes: ['read'], resources: Array.from({ length: 20 }, (_, index) => `arn:${index}`) },
          { classes: ['read'], resources: ['*'] },
        ],
      },
    ],
    [
      'many denials',
      {
        statements: [
          ...Array.from({ length: 20 }, (_, index) => ({
            effect: 'Deny' as const,
            actions: [`iam:a${index}`],
            resources: ['*'],
          })),
          { effect: 'Allow', actions: ['*'], resources: ['*'] },
        ],
      },
    ],
    [
      'a long line',
      {
        statements: [
          {
            effect: 'Allow',
            actions: [...Array.from({ length: 28 }, () => 's3:getobject'), '*'],
            resources: ['*'],
          },
        ],
      },
    ],
  ])('hides nothing behind %s: what cannot be shown whole is not approved', (_, scope) => {
    expect(() => mayOf([scope])).toThrow(expect.objectContaining({ reason: 'unapprovable' }))
  })

  it('counts what is said twice once', () => {
    const statement = { effect: 'Allow', actions: ['s3:getobject'], resources: ['*'] } as const
    expect(mayOf([{ statements: Array.from({ length: 50 }, () => statement) }])?.may).toHaveLength(1)
  })
})

describe('the digest of a task', () => {
  it('is of every word and every scope, wherever one ends and the next begins', () => {
    const digests = [
      openingOf([]),
      openingOf([{ grants: [] }]),
      openingOf([], { intent: 'ab', justification: 'c' }),
      openingOf([], { intent: 'a', justification: 'bc' }),
      openingOf([], { intent: 'ab', ticket: 'c' }),
    ].map(taskDigest)
    expect(new Set(digests).size).toBe(digests.length)
  })
})
