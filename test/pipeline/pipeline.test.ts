import { describe, expect, it } from 'vitest'
import { pipeline, type Observer } from '../../proxy/pipeline/pipeline.ts'

interface Start {
  readonly log: readonly string[]
}

function watcher(): Observer<unknown, unknown> & { readonly seen: string[] } {
  const seen: string[] = []
  return {
    seen,
    before: () => void seen.push('before the effect'),
    after: (stage) => void seen.push(`after ${stage}`),
  }
}

describe('pipeline', () => {
  const route = pipeline<Start>()
    .pipe(function first(start) {
      return { log: [...start.log, 'first'] }
    })
    .pipe(async function second(start) {
      return { log: [...start.log, 'second'] }
    })

  it('runs its stages in order, awaiting what must be awaited', async () => {
    expect((await route.run({ log: [] }, watcher())).log).toEqual(['first', 'second'])
  })

  it('tells the observer after each stage by name, and before the last, which has the effect', async () => {
    const observer = watcher()
    await route.run({ log: [] }, observer)
    expect(observer.seen).toEqual(['after first', 'before the effect', 'after second'])
  })

  it('knows no effect before it forks, and that of the route which is chosen', async () => {
    const fork = route.fork(
      {
        up: route,
        down: pipeline<Start>().pipe(function down({ log }) {
          return { log: [...log, 'down'] }
        }),
      },
      ({ log }) => (log.includes('second') ? 'down' : 'up'),
    )
    const observer = watcher()
    expect((await fork.run({ log: [] }, observer)).log).toEqual(['first', 'second', 'down'])
    expect(observer.seen).toEqual(['after first', 'after second', 'before the effect', 'after down'])
  })

  it('does not run the stage before which the observer refused', async () => {
    const ran: string[] = []
    const guarded = pipeline<Start>().pipe(function act(start) {
      ran.push('act')
      return start
    })
    const observer: Observer<unknown, unknown> = {
      before: () => Promise.reject(new Error('no')),
      after: () => undefined,
    }
    await expect(guarded.run({ log: [] }, observer)).rejects.toThrow('no')
    expect(ran).toEqual([])
  })

  it('is not changed by piping on: each pipe makes a new route', () => {
    expect(route.stages).toEqual(['first', 'second'])
    route.pipe(function third(start) {
      return start
    })
    expect(route.stages).toEqual(['first', 'second'])
  })
})
