import { describe, expect, it } from 'vitest'
import { refreshed, type ExpiringCredentials } from '../../proxy/credentials/source.ts'

const MINUTE_MS = 60_000

function world(...answers: (ExpiringCredentials | Error)[]) {
  const clock = { now: 0, nowMs: () => clock.now }
  let fetches = 0
  const source = refreshed(async () => {
    const answer = answers[Math.min(fetches++, answers.length - 1)]
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('none')
    return answer
  }, clock)
  return { clock, source, fetches: () => fetches }
}

const until = (minutes: number, accessKeyId = `K${minutes}`): ExpiringCredentials => ({
  accessKeyId,
  secretAccessKey: 's',
  expiration: new Date(minutes * MINUTE_MS),
})

describe('refreshed', () => {
  it('asks once for credentials that stay valid', async () => {
    const { source, fetches } = world(until(60))
    await source.current()
    expect(source.current()).toMatchObject({ accessKeyId: 'K60' })
    expect(fetches()).toBe(1)
  })

  it('asks once for all who wait', async () => {
    const { source, fetches } = world(until(60))
    await Promise.all([source.current(), source.current(), source.current()])
    expect(fetches()).toBe(1)
  })

  it('refreshes before they expire', async () => {
    const { source, clock } = world(until(60), until(120))
    await source.current()
    clock.now = 56 * MINUTE_MS
    expect(await source.current()).toMatchObject({ accessKeyId: 'K120' })
  })

  it('says what it holds, also once it has ended', async () => {
    const { source, clock } = world(until(60), new Error('down'))
    expect(source.held()).toBeUndefined()
    await source.current()
    clock.now = 61 * MINUTE_MS
    expect(source.held()?.expiration).toEqual(new Date(60 * MINUTE_MS))
  })

  it('goes on with valid ones if a refresh fails, and asks again', async () => {
    const { source, clock, fetches } = world(until(60), new Error('down'))
    await source.current()
    clock.now = 56 * MINUTE_MS
    expect(await source.current()).toMatchObject({ accessKeyId: 'K60' })
    expect(fetches()).toBe(2)
  })

  it('never hands out expired ones', async () => {
    const { source, clock } = world(until(60), new Error('down'))
    await source.current()
    clock.now = 61 * MINUTE_MS
    await expect(source.current()).rejects.toThrow('down')
    const stale = world(until(-1))
    await expect(stale.source.current()).rejects.toThrow('expired')
  })
})
