import { passedStages } from '../support/facts.ts'
import { describe, expect, it } from 'vitest'
import { isAgentApi } from '../../proxy/agent-api/route.ts'
import { checkSignPath } from '../../proxy/agent-api/stages/check-sign-path.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { received } from '../sigv4/signing.ts'
import { SIGN_PATH } from './agent-requests.ts'

const request = (method: string, path: string, query = '') =>
  received({ method, path, query, headers: [], body: Buffer.alloc(0) })

function reasonOf(...given: Parameters<typeof request>): string | undefined {
  try {
    checkSignPath()(passedStages(request(...given)))
    return undefined
  } catch (error) {
    return error instanceof Denial ? error.reason : String(error)
  }
}

describe('the agent API', () => {
  it.each([
    SIGN_PATH,
    '/.moderato',
    '/.moderato/',
    '/.moderato/v1/tasks',
    '/.moderato//v1/sign',
    '/.moderato/../x',
  ])('takes %s', (path) => {
    expect(isAgentApi(request('GET', path))).toBe(true)
  })

  it.each(['/', '/.moderatox', '/moderato/v1/sign', '/bucket/.moderato/v1/sign', '//.moderato/v1/sign'])(
    'leaves %s to the services',
    (path) => {
      expect(isAgentApi(request('POST', path))).toBe(false)
    },
  )

  it('serves POST of one path, without a query', () => {
    expect(reasonOf('POST', SIGN_PATH)).toBeUndefined()
    expect(reasonOf('GET', SIGN_PATH)).toBe('malformed_request')
    expect(reasonOf('POST', SIGN_PATH, 'type=eks-token')).toBe('malformed_request')
    for (const path of [
      '/.moderato',
      '/.moderato/v1/sign/',
      '/.moderato/v1/%73ign',
      '/.moderato/v1/../v1/sign',
    ]) {
      expect(reasonOf('POST', path)).toBe('unknown_path')
    }
  })
})
