import { describe, expect, it } from 'vitest'
import { createLog } from '../../proxy/observe/log.ts'

const CANARY = 'CanaryX9canaryX9canaryX9'

function capture() {
  const lines: string[] = []
  return { lines, log: createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } }) }
}

describe('createLog', () => {
  it('writes one JSON object a line with level, time and message', () => {
    const { lines, log } = capture()
    log.info({ port: 8080 }, 'listening')
    log.debug('not shown')
    expect(lines.length).toBe(1)
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      port: 8080,
      msg: 'listening',
    })
  })

  it('hides secrets wherever they are logged', () => {
    const { lines, log } = capture()
    const error = new Error(`SecretAccessKey=${CANARY}`, { cause: new Error(`password: ${CANARY}`) })
    log.info(`token=${CANARY}`)
    log.info('got %s and %o', `token=${CANARY}`, { secret: CANARY })
    log.info({ headers: { authorization: CANARY }, secretAccessKey: CANARY }, 'x')
    log.error(error)
    log.error({ err: error })
    log.error({ err: error }, `failed: Bearer ${CANARY}`)
    log.child({ sessionToken: CANARY, note: `token=${CANARY}` }).info('x')
    log.child({ a: 1 }).child({ sessionToken: CANARY }).error(error)
    expect(lines.length).toBe(8)
    expect(lines.at(-1)).toContain('"a":1')
    expect(lines.join('')).not.toContain(CANARY)
  })

  it('keeps the stack of an error', () => {
    const { lines, log } = capture()
    log.error({ err: new TypeError('boom') })
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      msg: 'boom',
      err: { type: 'TypeError', message: 'boom', stack: expect.stringContaining('log.test.ts') },
    })
  })
})
