import { describe, expect, it } from 'vitest'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { WarnOnce } from '../../proxy/observe/warn-once.ts'

function scene() {
  const clock = { ms: 0, nowMs: () => clock.ms }
  const lines: { fields: Record<string, unknown>; words: string }[] = []
  const warn = (fields: object, words: string) => lines.push({ fields: { ...fields }, words })
  return { clock, lines, trouble: new WarnOnce({ clock, warn }) }
}

const cause = new Error('connect ECONNREFUSED 127.0.0.1:1')
const unreachable = new Denial('upstream_unreachable', 'The service could not be reached.', { cause })

describe('Trouble', () => {
  it('says what an operator can do something about, with its cause and the request', () => {
    const { trouble, lines } = scene()
    trouble.tell(unreachable, 'r1', 's3')
    trouble.tell(new Denial('policy_denied', 'Not granted.'), 'r2', 's3')
    expect(lines).toEqual([
      {
        fields: { reason: 'upstream_unreachable', service: 's3', requestId: 'r1', err: cause },
        words: 'The service could not be reached.',
      },
    ])
  })

  it('says each reason once in ten seconds, and how often it did not', () => {
    const { trouble, lines, clock } = scene()
    for (let call = 0; call < 5; call += 1) trouble.tell(unreachable, `r${call}`, 's3')
    trouble.tell(new Denial('upstream_timeout', 'Late.'), 'late', 's3')
    expect(lines.map(({ fields }) => fields['reason'])).toEqual(['upstream_unreachable', 'upstream_timeout'])
    clock.ms = 10_000
    trouble.tell(unreachable, 'r9', 's3')
    expect(lines.at(-1)?.fields).toMatchObject({ requestId: 'r9', alsoUnsaid: 4 })
  })
})
