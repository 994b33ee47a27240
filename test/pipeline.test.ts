import { describe, expect, it } from 'vitest'
import { pipeline, type Observer } from '../proxy/pipeline.ts'

interface Start {
  readonly log: readonly string[]
}

function watcher(): Observer & { readonly seen: string[] } {
  const seen: string[] = []
  return {
    seen,
    before: (stage) => void seen.push(`before ${stage}`),
    after: (stage) => void seen.push(`after ${stage}`),
  }
}

describe('pipeline', () => {
  const way = pipeline<Start>()
    .pipe(function first(start) {
      return { log: [...start.log, 'first'] }
    })
    .pipe(async function second(start) {
      return { log: [...start.log, 'second'] }
    })

  it('runs its stages in order, awaiting what must be awaited', async () => {
    expect((await way.run({ log: [] }, watcher())).log).toEqual(['first', 'second'])
  })

  it('tells the observer before and after each stage by name', async () => {
    const observer = watcher()
    await way.run({ log: [] }, observer)
    expect(observer.seen).toEqual(['before first', 'after first', 'before second', 'after second'])
  })

  it('does not run a stage before which the observer refused', async () => {
    const ran: string[] = []
    const guarded = pipeline<Start>().pipe(function act(start) {
      ran.push('act')
      return start
    })
    const observer: Observer = { before: () => Promise.reject(new Error('no')), after: () => undefined }
    await expect(guarded.run({ log: [] }, observer)).rejects.toThrow('no')
    expect(ran).toEqual([])
  })

  it('is not changed by piping on: each pipe makes a new way', () => {
    expect(way.stages).toEqual(['first', 'second'])
    way.pipe(function third(start) {
      return start
    })
    expect(way.stages).toEqual(['first', 'second'])
  })
})
