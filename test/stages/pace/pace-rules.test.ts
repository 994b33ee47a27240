import { describe, expect, it } from 'vitest'
import { scene, classKey, decided, rule } from './pace-scene.ts'

describe('pace rules', () => {
  it('hold agents to a budget that they share, and name the rule', async () => {
    const { run } = scene({ rules: [rule('fleet-budget')] })
    const ends = []
    for (const agent of ['a', 'b', 'c', 'd']) ends.push(await run(decided({ agent })))
    expect(ends.map(({ denial }) => denial?.reason)).toEqual([undefined, undefined, undefined, 'paced'])
    expect(ends[3]?.denial?.message).toBe(
      'Rule fleet-budget (per fleet; destructive) is 60/h, at most 3 at once. This call counts 1: its turn comes in ' +
        '60 s, at 2026-11-23T12:01:00.000Z; it may be held for 0 s.',
    )
  })

  it('hold the tasks and agents of one root to one budget', async () => {
    const { run } = scene({ rules: [rule('team', { classes: ['write'], per: ['root'] })] })
    const write = (agent: string, root: string) =>
      run(decided({ classes: ['write'], agent, root, task: agent }))
    const ends = []
    for (const agent of ['a', 'b', 'c', 'd']) ends.push(await write(agent, 'team'))
    expect(ends.filter(({ paced }) => paced !== undefined)).toHaveLength(3)
    expect((await write('e', 'others')).paced).toBeDefined()
  })

  it('are no faster for a hundred identities of one root than for one (S20)', async () => {
    const finishedMs = async (agentOf: (index: number) => { agent: string; root: string }) => {
      const { run, time } = scene()
      const startMs = time.nowMs()
      for (let done = 0; done < 100;) {
        let isOver = false
        const passage = run(decided(agentOf(done))).finally(() => (isOver = true))
        while (!isOver) await time.advance(1_000)
        if ((await passage).paced !== undefined) done += 1
      }
      return time.nowMs() - startMs
    }
    const one = await finishedMs(() => ({ agent: 'one', root: 'one' }))
    const many = await finishedMs((index) => ({ agent: `fresh-${index}`, root: 'ci:{repository}' }))
    const apart = await finishedMs((index) => ({ agent: `apart-${index}`, root: `apart-${index}` }))
    expect(one).toBeGreaterThan(15 * 60_000)
    expect(many).toBe(one)
    expect(apart).toBeLessThan(one / 5)
  })

  it('have a budget for each task, which the tasks opened from it share (S20)', async () => {
    const { run } = scene({ rules: [rule('each-task', { classes: ['write'], per: ['task'], burst: 2 })] })
    const write = (task: string, root: string, ...ancestors: string[]) =>
      run(decided({ classes: ['write'], task, root, ancestors }))
    const ends = [
      await write('t', 'r'),
      await write('child', 'r', 't'),
      await write('grandchild', 'r', 't', 'child'),
    ]
    expect(ends.map(({ denial }) => denial?.reason)).toEqual([undefined, undefined, 'paced'])
    // Agents choose the names of their tasks.
    expect((await write('t', 'another')).paced).toBeDefined()
  })

  it('charge nothing in any bucket for a call that one of them refuses', async () => {
    const { run, limiter, time } = scene({ rules: [rule('tight', { burst: 1 })] })
    await run(decided())
    for (let i = 0; i < 50; i += 1) expect((await run(decided())).denial?.reason).toBe('paced')
    expect(limiter.peek([classKey('destructive')])).toEqual([time.nowMs() + 10_000])
  })

  it('that observe hold nothing back, say what they would have done, and charge a bucket of their own', async () => {
    const observing = rule('trial', { mode: 'observe', burst: 1 })
    const { run, limiter, time } = scene({ rules: [observing, rule('other', { mode: 'observe', burst: 9 })] })
    const ends = [
      await run(decided()),
      await run(decided({ agent: 'b' })),
      await run(decided({ agent: 'c' })),
    ]
    expect(ends.map(({ paced }) => [paced?.waitedMs, paced?.wouldThrottle, paced?.wouldRules])).toEqual([
      [0, undefined, undefined],
      [0, 'paced', ['trial']],
      [0, 'paced', ['trial']],
    ])
    expect(limiter.peek(['~rule trial|fleet 0:', 'rule trial|fleet 0:'])).toEqual([time.nowMs() + 60_000, 0])
  })

  it('that observe are not charged for a call that is refused', async () => {
    const { run, limiter } = scene({
      rules: [rule('trial', { mode: 'observe' }), rule('tight', { burst: 1 })],
    })
    await run(decided())
    const [before] = limiter.peek(['~rule trial|fleet 0:'])
    expect((await run(decided())).denial?.reason).toBe('paced')
    expect(limiter.peek(['~rule trial|fleet 0:'])).toEqual([before])
  })

  it('can pace reads, and observe them though they have no pace', async () => {
    const reads = rule('reads', { classes: ['read'], per: ['agent', 'service'], mode: 'observe', burst: 1 })
    const { run } = scene({ rules: [reads] })
    const read = decided({ classes: ['read'] })
    expect((await run(read)).paced).toMatchObject({ waitedMs: undefined, wouldThrottle: undefined })
    expect((await run(read)).paced).toMatchObject({ waitedMs: undefined, wouldRules: ['reads'] })
    expect((await run(decided({ classes: ['read'], service: 's3' }))).paced?.wouldRules).toBeUndefined()
  })
})
