import { describe, expect, it } from 'vitest'
import type { Approvals } from '../../proxy/approvals/approvals.ts'
import { InFlightChanges } from '../../proxy/approvals/in-flight-changes.ts'

const NAMES = ['arn:aws:lambda:us-east-1:1:function:f']

function scene() {
  const store = { works: true, voided: 0 }
  const approvals = {
    voidTouched() {
      if (!store.works) return Promise.reject(new Error('the store is away'))
      store.voided += 1
      return Promise.resolve()
    },
  } as unknown as Approvals
  const underWay = new InFlightChanges(approvals)
  const change = (requestId: string) => ({
    requestId,
    call: { service: 'lambda', operation: 'UpdateFunctionCode', resources: NAMES },
    digest: undefined,
  })
  return { store, underWay, change, isReached: () => underWay.reaches('other', NAMES, 'lambda') }
}

describe('UnderWay', () => {
  it('is in the way of what depends on a change until that is over', async () => {
    const { underWay, change, isReached, store } = scene()
    await underWay.begin(change('r1'))
    expect(isReached()).toBe(true)
    await underWay.end('r1')
    expect([isReached(), store.voided]).toEqual([false, 2])
    expect(underWay.end('never began')).toBeUndefined()
  })

  it('forgets a change that does not go on, because the store is away', async () => {
    const { underWay, change, isReached, store } = scene()
    store.works = false
    await expect(underWay.begin(change('r1'))).rejects.toThrow('away')
    expect(isReached()).toBe(false)
  })

  it('is over with a change whose end could not be written down as soon as another one is over', async () => {
    const { underWay, change, isReached, store } = scene()
    await underWay.begin(change('r1'))
    await underWay.begin(change('r2'))
    store.works = false
    await expect(underWay.end('r1')).rejects.toThrow('away')
    expect(isReached()).toBe(true)
    store.works = true
    await underWay.end('r2')
    expect([isReached(), store.voided]).toEqual([false, 4])
  })
})
