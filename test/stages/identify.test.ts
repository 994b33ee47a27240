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
    const { agent, authorization, reading, sessionToken, ...rest } = stage(exchange)
    expect(agent).toEqual({
      id: 'agent-1',
      root: 'agent-1',
      accessKeyId: ACCESS_KEY_ID,
      session: undefined,
    })
    expect(sessionToken).toBeUndefined()
    expect(authorization.scope).toEqual({ date: '20260304', region: 'us-east-1', service: 'dynamodb' })
    expect(rest).toEqual(exchange)
    expect(reading).toBe(exchange)
    expect(stage.name).toBe('identify')
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
