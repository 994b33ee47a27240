import { describe, expect, it } from 'vitest'
import { ClientGone } from '../../../proxy/core/http/client-signal.ts'

describe('ClientDeparture', () => {
  it('tells each listener once', () => {
    const departure = new ClientGone()
    const told: string[] = []
    departure.addEventListener('abort', () => told.push('one'))
    departure.addEventListener('abort', () => told.push('other'))
    expect(departure.aborted).toBe(false)
    departure.abort()
    departure.abort()
    expect(told).toEqual(['one', 'other'])
    expect(departure.aborted).toBe(true)
  })

  it('tells nobody who no longer listens, nor who came too late, as an AbortSignal does', () => {
    const departure = new ClientGone()
    const told: string[] = []
    const listener = (): void => void told.push('removed')
    departure.addEventListener('abort', listener)
    departure.removeEventListener('abort', listener)
    departure.abort()
    departure.addEventListener('abort', () => told.push('late'))
    expect(told).toEqual([])
  })
})
