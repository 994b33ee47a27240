import { describe, expect, it } from 'vitest'
import type { Approved } from '../../../proxy/exchange/exchange.ts'
import { scene, type Ask, decided, rule } from './pace-scene.ts'

describe('pace with dwell', () => {
  const dwellMs = 15_000
  const target = (resources: readonly string[], ask: Ask = {}): Approved =>
    decided({ ...ask, call: { resources, ...ask.call } })
  const read = (resources: readonly string[], ask: Ask = {}): Approved =>
    target(resources, { classes: ['read'], ...ask })

  it('holds what destroys a thing that was never seen for the whole dwell', async () => {
    const { run, time } = scene({ dwellMs })
    const end = run(target(['arn:1']))
    await time.advance(20_000)
    expect((await end).paced?.waitedMs).toBe(15_000)
  })

  it('counts from the first sight, and lets go what has been known for long enough', async () => {
    const { run, time } = scene({ dwellMs })
    await run(read(['arn:1']))
    await time.advance(10_000)
    await run(read(['arn:1', 'arn:2']))
    const old = run(target(['arn:1']))
    const young = run(target(['arn:2']))
    await time.advance(20_000)
    expect([(await old).paced?.waitedMs, (await young).paced?.waitedMs]).toEqual([5_000, 15_000])
    expect((await run(target(['arn:1']))).paced?.waitedMs).toBe(0)
  })

  it('says when, where that is longer than it may be held; sent then, it goes', async () => {
    const { run, time } = scene({ dwellMs: 60_000 })
    const { denial } = await run(target(['arn:1']))
    expect(denial?.reason).toBe('dwell')
    expect(denial?.message).toBe(
      'A resource may be destroyed only 60 s after its agent first saw it. "arn:1" was first seen 0 s ago: the turn of ' +
        'this call comes in 60 s, at 2026-11-23T12:01:00.000Z; it may be held for 20 s.',
    )
    // Sending it again and again neither resets the time nor shortens it.
    await time.advance(30_000)
    for (let i = 0; i < 5; i += 1)
      expect((await run(target(['arn:1']))).denial?.message).toContain('30 s ago')
    await time.advance(30_000)
    expect((await run(target(['arn:1']))).paced?.waitedMs).toBe(0)
  })

  it('takes no call for a sight that its pace refused', async () => {
    const { run, time } = scene({ dwellMs, rules: [rule('writes', { classes: ['write'], burst: 1 })] })
    await run(target(['arn:other'], { classes: ['write'] }))
    expect((await run(target(['arn:1'], { classes: ['write'] }))).denial?.reason).toBe('paced')
    await time.advance(10_000)
    const end = run(target(['arn:1']))
    await time.advance(20_000)
    expect((await end).paced?.waitedMs).toBe(15_000)
  })

  it('counts an unknown resource from the first call of the agent', async () => {
    const { run, time } = scene({ dwellMs })
    await run(read(['arn:1']))
    await time.advance(10_000)
    const end = run(target(['*']))
    await time.advance(20_000)
    expect((await end).paced?.waitedMs).toBe(5_000)
  })

  it('has one agent, and one task, know nothing by the sights of another', async () => {
    const { run, time } = scene({ dwellMs })
    await run(read(['arn:1'], { task: 'one' }))
    await run(read(['arn:1'], { agent: 'b' }))
    await time.advance(30_000)
    const ends = [run(target(['arn:1'])), run(target(['arn:1'], { task: 'two' }))]
    await time.advance(20_000)
    expect((await Promise.all(ends)).map(({ paced }) => paced?.waitedMs)).toEqual([15_000, 15_000])
    await time.advance(20_000)
    expect((await run(target(['arn:1'], { task: 'one' }))).paced?.waitedMs).toBe(0)
  })

  it('is for what destroys alone', async () => {
    const { run, time } = scene({ dwellMs })
    for (const each of ['write', 'data-delete', 'disruptive', 'protection', 'permissions'] as const)
      expect((await run(target(['arn:1'], { classes: [each] }))).paced?.waitedMs).toBe(0)
    // By any of its classes, not by its label alone.
    const both = run(
      target(['arn:2'], { classes: ['destructive', 'protection'], call: { class: 'protection' } }),
    )
    await time.advance(20_000)
    expect((await both).paced?.waitedMs).toBe(15_000)
  })

  it('in observe mode says what it would have done', async () => {
    const { run } = scene({ dwellMs, mode: 'observe' })
    expect((await run(target(['arn:1']))).paced).toMatchObject({ waitedMs: 0, wouldThrottle: 'dwell' })
  })
})
