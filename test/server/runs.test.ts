import { describe, expect, it } from 'vitest'
import type { Received } from '../../proxy/exchange/exchange.ts'
import { counted } from '../../proxy/server/runs.ts'

const request = {} as Received

describe('counted', () => {
  it('has ended where nothing is under way', async () => {
    await expect(counted(() => Promise.resolve()).ended()).resolves.toBeUndefined()
  })

  it('ends with the last of the runs that were under way', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let next = 0
    const runs = counted(() => gates[next++]?.promise ?? Promise.resolve())
    const running = [runs.run(request), runs.run(request)]
    let over = false
    const all = runs.ended().then(() => (over = true))
    gates[0]?.resolve()
    await running[0]
    expect(over).toBe(false)
    gates[1]?.resolve()
    await all
    expect(over).toBe(true)
  })

  it('counts a run that fails as ended', async () => {
    const runs = counted(() => Promise.reject(new Error('no')))
    await expect(runs.run(request)).rejects.toThrow('no')
    await expect(runs.ended()).resolves.toBeUndefined()
  })
})
