import { describe, expect, it } from 'vitest'
import type { ActionClass } from '../../proxy/core/action-class.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Authorizable } from '../../proxy/exchange/exchange.ts'
import { checkHolds } from '../../proxy/stages/check-holds.ts'

const call = (...classes: ActionClass[]): Authorizable => ({ call: { classes } }) as unknown as Authorizable

describe('restrain', () => {
  it('lets a call pass that nothing is held against', () => {
    const exchange = call('destructive')
    expect(checkHolds({ ledger: { sound: true }, holds: [] })(exchange)).toBe(exchange)
  })

  it('asks every restraint, and refuses with the first that speaks', () => {
    const asked: string[] = []
    const stage = checkHolds({
      ledger: { sound: true },
      holds: [
        () => void asked.push('first'),
        () => {
          throw new Denial('policy_denied', 'held back')
        },
        () => void asked.push('third'),
      ],
    })
    expect(() => stage(call('read'))).toThrow('held back')
    expect(asked).toEqual(['first'])
  })

  it('changes nothing while the ledger cannot be trusted, and still reads', () => {
    const stage = checkHolds({ ledger: { sound: false }, holds: [] })
    expect(() => stage(call('write'))).toThrow(expect.objectContaining({ reason: 'state_unavailable' }))
    expect(() => stage(call('read', 'destructive'))).toThrow()
    expect(stage(call('read', 'list'))).toBeDefined()
  })
})
