import { describe, expect, it } from 'vitest'
import { scopeCovers, scopeInWords, type FreezeScope } from '../../proxy/freeze/scope.ts'
import type { Classified } from '../../proxy/exchange/exchange.ts'

const OWN = '111122223333'
const FOREIGN = '999988887777'

function call(change: object = {}, agentId = 'spiffe://example.org/agent/a') {
  return {
    agent: { id: agentId },
    call: {
      service: 'dynamodb',
      model: 'dynamodb',
      class: 'destructive',
      classes: ['destructive', 'write'],
      resources: [`arn:aws:dynamodb:us-east-1:${OWN}:table/t`],
      ...change,
    },
  } as unknown as Pick<Classified, 'agent' | 'call'>
}

const isCovered = (scope: FreezeScope, change: object = {}, own: string | undefined = OWN): boolean =>
  scopeCovers(scope, call(change), own)

describe('covers', () => {
  it('takes every call where nothing is named', () => {
    expect(isCovered({})).toBe(true)
  })

  it('takes a call by its label or any class beside it', () => {
    expect(isCovered({ classes: ['destructive'] })).toBe(true)
    expect(isCovered({ classes: ['write'] })).toBe(true)
    expect(isCovered({ classes: ['read', 'list'] })).toBe(false)
  })

  it('takes an agent by id or pattern, in the case it has', () => {
    expect(isCovered({ agents: ['spiffe://example.org/agent/a'] })).toBe(true)
    expect(isCovered({ agents: ['spiffe://example.org/*'] })).toBe(true)
    expect(isCovered({ agents: ['spiffe://example.org/agent/A', 'spiffe://example.org/agent/'] })).toBe(false)
  })

  it('takes a service by its IAM prefix, and by its own name where that differs', () => {
    const change = { service: 'rds', model: 'docdb' }
    expect(isCovered({ services: ['rds'] }, change)).toBe(true)
    expect(isCovered({ services: ['docdb'] }, change)).toBe(true)
    expect(isCovered({ services: ['neptune'] }, change)).toBe(false)
  })

  it('takes what touches an account, among others too', () => {
    const both = { resources: [`arn:aws:sqs:us-east-1:${FOREIGN}:q`, `arn:aws:sqs:us-east-1:${OWN}:q`] }
    expect(isCovered({ accounts: [FOREIGN] }, both)).toBe(true)
    expect(isCovered({ accounts: [FOREIGN] })).toBe(false)
  })

  it('takes what does not say its account for the own one, and for any while that is unknown', () => {
    for (const resources of [['arn:aws:s3:::bucket/key'], ['*'], ['arn:aws:ec2:us-east-1:*:vpc/v'], []]) {
      expect(isCovered({ accounts: [OWN] }, { resources }), String(resources)).toBe(true)
      expect(isCovered({ accounts: [FOREIGN] }, { resources })).toBe(false)
      expect(scopeCovers({ accounts: [FOREIGN] }, call({ resources }), undefined)).toBe(true)
    }
  })

  it('needs every selector that is given', () => {
    expect(isCovered({ classes: ['destructive'], services: ['dynamodb'] })).toBe(true)
    expect(isCovered({ classes: ['destructive'], services: ['s3'] })).toBe(false)
  })
})

describe('scopeInWords', () => {
  it('says everything, or what is named', () => {
    expect(scopeInWords({})).toBe('everything')
    expect(scopeInWords({ classes: ['destructive', 'protection'], accounts: [OWN] })).toBe(
      `class destructive or protection; account ${OWN}`,
    )
  })
})
