import { describe, expect, it } from 'vitest'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { identify } from '../../proxy/stages/identify.ts'
import {
  ACCESS_KEY_ID,
  agents,
  received,
  signed,
  withHeader,
  withoutHeader,
  headerOf,
  type WireRequest,
} from '../sigv4/signing.ts'

const stage = identify({ agents })

function reason(request: WireRequest): string | undefined {
  try {
    stage(received(request))
    return undefined
  } catch (error) {
    if (error instanceof Denial) return error.reason
    throw error
  }
}

describe('identify', () => {
  it('adds the agent and the parsed authorization, and keeps what was received', () => {
    const exchange = received(signed())
    const { agent, authorization, reading, sessionToken, hadPlus, ...rest } = stage(exchange)
    expect(agent).toEqual({
      id: 'agent-1',
      root: 'agent-1',
      accessKeyId: ACCESS_KEY_ID,
      session: undefined,
    })
    expect(sessionToken).toBeUndefined()
    expect(authorization.scope).toEqual({ date: '20260304', region: 'us-east-1', service: 'dynamodb' })
    expect(rest).toEqual(exchange)
    expect(reading.headers).toBe(exchange.headers)
    expect(hadPlus).toBe(false)
    expect(stage.name).toBe('identify')
  })

  it('writes a + in a query as the space that AWS reads, and leaves one in a path as it is', () => {
    const found = stage(received(signed({ path: '/b/a+b', query: 'prefix=c+d&e+f=%2B' }, { service: 's3' })))
    expect([found.path, found.query, found.hadPlus]).toEqual(['/b/a+b', 'prefix=c%20d&e%20f=%2B', true])
    expect([found.reading.path, found.reading.query]).toEqual([found.path, found.query])
    expect(stage(received(signed({ path: '/a+b' }))).hadPlus).toBe(false)
  })

  it('refuses an access key that no agent has', () => {
    const request = signed()
    const foreign = headerOf(request, 'authorization').replace(ACCESS_KEY_ID, 'AKIDOTHER')
    expect(reason(withHeader(request, 'authorization', foreign))).toBe('unknown_credential')
  })

  it.each(['X-Amz-Security-Token', 'x-amz-s3session-token'])('refuses a session token in %s', (name) => {
    expect(reason(signed({ headers: [name, 'token'] }))).toBe('unknown_credential')
  })

  it('refuses a request without a credential', () => {
    expect(reason(withoutHeader(signed(), 'authorization'))).toBe('missing_credential')
  })
})
