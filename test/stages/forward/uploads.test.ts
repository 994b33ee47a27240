import { describe, expect, it } from 'vitest'
import { Denial } from '../../../proxy/core/denial/denial.ts'
import type { Resigned } from '../../../proxy/exchange/exchange.ts'
import { Uploads } from '../../../proxy/stages/forward/uploads.ts'

const call = (requestId: string): Resigned => ({ requestId }) as Resigned

describe('Uploads', () => {
  it('cuts off what would not be let through any more, once, and leaves the others', () => {
    const uploads = new Uploads(({ requestId }) => {
      if (requestId === 'bad') throw new Denial('frozen', 'stop')
    })
    const cuts: string[] = []
    uploads.add(call('good'), ({ reason }) => cuts.push(`good ${reason}`))
    uploads.add(call('bad'), ({ reason }) => cuts.push(`bad ${reason}`))
    uploads.reconsider()
    uploads.reconsider()
    expect(cuts).toEqual(['bad frozen'])
    expect(uploads.size).toBe(1)
  })

  it('forgets what has ended by itself', () => {
    const uploads = new Uploads(() => {
      throw new Denial('frozen', 'stop')
    })
    const end = uploads.add(call('a'), () => expect.unreachable())
    end()
    uploads.reconsider()
    expect(uploads.size).toBe(0)
  })

  it('cuts off what cannot be judged', () => {
    const uploads = new Uploads(() => {
      throw new TypeError('a bug')
    })
    const reasons: string[] = []
    uploads.add(call('a'), ({ reason }) => reasons.push(reason))
    uploads.reconsider()
    expect(reasons).toEqual(['internal'])
  })
})
