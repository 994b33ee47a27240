import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ACTION_CLASSES } from '../../../proxy/core/action-class.ts'
import { scene, type Ask, decided } from './pace-scene.ts'

/** Sends every call again at the time that its denial names, as terraform does for hours: when each went. */
async function destroy(burst: readonly { readonly service: string; readonly atMs: number }[]) {
  const { run, time } = scene()
  const insist = async (service: string): Promise<number> => {
    const { atMs, denial } = await run(decided({ service }))
    if (denial === undefined) return atMs
    await new Promise<void>((resolve) => void time.after(denial.retryAfterMs ?? NaN, resolve))
    return insist(service)
  }
  const calls = burst.map(({ service }) => insist(service))
  await time.advance(600_000)
  return (await Promise.all(calls)).toSorted((a, b) => a - b)
}

async function replay(burst: readonly { readonly service: string; readonly atMs: number }[]) {
  const { run, time } = scene()
  const calls = []
  let elapsedMs = 0
  for (const [index, { service, atMs }] of burst.entries()) {
    await time.advance(atMs - elapsedMs)
    elapsedMs = atMs
    calls.push(run(decided({ service, region: `region-${index}` })))
  }
  await time.advance(60_000)
  return Promise.all(calls)
}

describe('pace, spreading over services (S1)', () => {
  const services = [
    's3',
    'elasticloadbalancing',
    'ecs',
    'ec2',
    'logs',
    'rds',
    'iam',
    'ec2',
    's3',
    'ec2',
    's3',
  ]
  const builtIn = services.map((service, index) => ({ service, atMs: index * 10 }))

  it('lets at most the burst of 11 destructive calls over 7 services in 0.1 s pass at once', async () => {
    const ends = await replay(builtIn)
    const passed = ends.filter(({ paced }) => paced !== undefined).map(({ atMs }) => atMs)
    expect(passed).toHaveLength(4)
    expect(passed.filter((atMs) => atMs < 1_000)).toHaveLength(2)
    expect(ends.filter(({ denial }) => denial?.reason === 'paced')).toHaveLength(7)
  })

  const trace = new URL('../../../../shared/data/trace-terraform-destroy.jsonl', import.meta.url)
  const recorded = existsSync(trace)
  if (!recorded) console.warn('SKIPPED: the recorded terraform destroy is missing (shared/data)')
  it.skipIf(!recorded)('lets at most the burst of the recorded terraform destroy pass at once', async () => {
    const entries = readFileSync(trace, 'utf8')
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    const acts = (entries as { t: number; svc: string; act: string }[])
      .filter(({ act }) => /^(Delete|Terminate|Modify|DELETE )|\?delete=/.test(act))
      .toSorted((a, b) => a.t - b.t)
    const startMs = acts[0]?.t ?? 0
    const burst = acts
      .map(({ t, svc }) => ({ service: svc, atMs: t - startMs }))
      .filter(({ atMs }) => atMs <= 100)
    expect(burst).toHaveLength(11)
    expect(new Set(burst.map(({ service }) => service)).size).toBe(7)
    const passedAtOnce = (await replay(burst)).filter(
      ({ atMs, paced }) => paced !== undefined && atMs < 1_000,
    )
    expect(passedAtOnce).toHaveLength(2)
    expect(await destroy(burst)).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((turn) => turn * 10_000))
  })
})

/** When a call passes after others, or by its denial could. */
const turnMs = async (past: readonly Ask[], last: Ask): Promise<number> => {
  const { run, time } = scene()
  for (const each of past) void run(decided(each))
  const end = run(decided(last))
  await time.advance(60_000)
  const { atMs, denial } = await end
  if (denial === undefined) return atMs
  return denial.reason === 'paced' ? atMs + (denial.retryAfterMs ?? 0) : Infinity
}

describe('pace, more classes (S2)', () => {
  it('never lets a call through earlier for a class or a thing more', async () => {
    const someClasses = fc.subarray([...ACTION_CLASSES], { minLength: 1 })
    const history = fc.array(fc.record({ classes: someClasses, count: fc.integer({ min: 1, max: 3 }) }), {
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(history, someClasses, someClasses, fc.nat(4), async (past, classes, added, things) => {
        const few = await turnMs(past, { classes, count: 1 })
        const more = await turnMs(past, { classes: [...new Set([...classes, ...added])], count: 1 + things })
        expect(more).toBeGreaterThanOrEqual(few)
      }),
      { numRuns: 150 },
    )
  }, 30_000)
})
