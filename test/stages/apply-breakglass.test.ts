import { describe, expect, it } from 'vitest'
import type { Breakglass } from '../../proxy/breakglass/breakglass.ts'
import type { Authorizable } from '../../proxy/exchange/exchange.ts'
import { applyBreakglass } from '../../proxy/stages/apply-breakglass.ts'
import { OPENING } from '../breakglass/opening.ts'

const OPEN: Breakglass = {
  ...OPENING,
  classes: ['destructive'],
  resources: ['arn:aws:s3:::b/*'],
  id: 'bg-1',
  openedBy: 'alice',
  openedAtMs: 0,
  fromMs: 0,
  untilMs: 60_000,
}
const PACE = { rate: { things: 60, perMs: 60_000 }, burst: 10, maxWait: 0 }

const exchangeOf = (resources: string[]) =>
  ({ agent: { id: 'a' }, call: { resources, traits: [] } }) as unknown as Authorizable
const DROP = exchangeOf(['arn:aws:s3:::b/k'])

describe('mark', () => {
  it('marks whatever the agent does while one is open for it, and nobody else', () => {
    const marked = applyBreakglass({ openFor: (id) => (id === 'a' ? OPEN : undefined), pace: () => PACE })
    const { id, classes, resources } = OPEN
    expect(marked(DROP).breakglass).toEqual({ id, classes, resources, pace: undefined })
    expect(marked(exchangeOf(['arn:aws:s3:::other/k'])).breakglass?.id).toBe('bg-1')
    const other = { ...DROP, agent: { ...DROP.agent, id: 'b' } }
    expect(marked(other)).toBe(other)
  })

  it('widens the pace where the person asked for it, of what it reaches', () => {
    const marked = applyBreakglass({ openFor: () => ({ ...OPEN, pace: true }), pace: () => PACE })
    expect(marked(DROP).breakglass?.pace).toBe(PACE)
    expect(marked(exchangeOf(['arn:aws:s3:::other/k'])).breakglass?.pace).toBeUndefined()
    const unset = applyBreakglass({ openFor: () => ({ ...OPEN, pace: true }), pace: () => undefined })
    expect(unset(DROP).breakglass?.pace).toBeUndefined()
  })

  it('takes the mark away when it is over', () => {
    let open: Breakglass | undefined = OPEN
    const marked = applyBreakglass({ openFor: () => open, pace: () => PACE })
    const before = marked(DROP)
    open = undefined
    expect(marked(before).breakglass).toBeUndefined()
  })
})
