/**
 * However a destructive request is spelled: if a service would act on it, it is refused here, or classed no milder than
 * in its plain spelling, with what it touches among its resources. The emulator is asked what it did.
 */
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { severest } from '../../proxy/core/action-class.ts'
import { classified, type Sample } from '../aws/requests.ts'
import { freshMoto } from '../support/moto.ts'
import { SEED, sized } from '../support/sample.ts'
import type { Spelling, Wire } from '../support/spellings.ts'
import { missing, MOTO } from '../support/tools.ts'
import { ACTS, ask, type Act, type Send } from './victims.ts'

const NO_BYTES = Buffer.alloc(0)

describe.skipIf(missing(MOTO))('no spelling of a destructive request is classed milder', () => {
  let url: string
  // What an odd spelling leaves behind for one act (a bucket with versions) must not change the next.
  beforeEach(async () => {
    url = await freshMoto()
  })

  const sender =
    (scope: string): Send =>
    (wire) =>
      ask(url, scope, { method: 'POST', target: '/', headers: [], body: NO_BYTES, ...wire })

  const callOf = ({ scope }: Act, { method, target, headers, body }: Wire) =>
    classified({ scope, method, target, headers, body } satisfies Sample)

  /** Sends a spelling; the things that are gone, if it was not refused here, with what it was taken for. */
  async function judge(act: Act, spellings: readonly Spelling[]): Promise<'refused' | 'harmless' | 'known'> {
    const send = sender(act.scope)
    const things = await act.make(send)
    const before = await act.there(send, things)
    const plain = act.destroy(things)
    // Spellings name things as others do; here they have the names that the service gave.
    const wire = spellings.reduce((each, { spell }) => spell(each), plain)
    const call = await callOf(act, wire)
    // What is refused here has no upstream.
    if (call.class === 'unknown') return 'refused'
    await send(wire)
    const left = await act.there(send, things)
    const gone = before.filter((each) => !left.includes(each))
    if (gone.length === 0) return 'harmless'
    const meant = await callOf(act, plain)
    const said = spellings.map(({ name }) => name).join(', ')
    expect(severest([call.class, meant.class]), said).toBe(call.class)
    expect(call.count, said).toBeGreaterThanOrEqual(gone.length)
    for (const each of gone) {
      const touched = call.resources.some((arn) => arn === '*' || covers(arn, act.arn(each)))
      expect(touched, `${said}: ${call.resources.join()} has ${act.arn(each)}`).toBe(true)
    }
    return 'known'
  }

  it.each(ACTS.map((act) => [act.name, act] as const))('%s', async (_, act) => {
    expect(await judge(act, [])).toBe('known')
    const tally = { refused: 0, harmless: 0, known: 0 }
    for (const each of act.spellings) tally[await judge(act, [each])]++
    const several = fc.uniqueArray(fc.constantFrom(...act.spellings), { minLength: 2, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(several, async (spellings) => {
        tally[await judge(act, spellings)]++
      }),
      { seed: SEED, numRuns: sized(60, 12) },
    )
    console.info(`${act.name}: ${JSON.stringify(tally)}`)
    expect(tally.known).toBeGreaterThan(3)
    expect(tally.refused).toBeGreaterThan(3)
  })
})

/** Whether an ARN with unknown parts is about the thing. */
function covers(arn: string, thing: string): boolean {
  const text = arn.split('*').map((each) => each.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${text.join('.*')}$`).test(thing) || arn.startsWith(`${thing}:`)
}
