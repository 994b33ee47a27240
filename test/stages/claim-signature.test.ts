import { describe, expect, it } from 'vitest'
import type { Denial } from '../../proxy/core/denial/denial.ts'
import type { ActionClass } from '../../proxy/core/action-class.ts'
import type { Resigned } from '../../proxy/exchange/exchange.ts'
import { ECDSA_ALGORITHM } from '../../proxy/sigv4/credential.ts'
import { claimSignature } from '../../proxy/stages/claim-signature.ts'
import { refuseReplay } from '../../proxy/stages/refuse-replay.ts'
import { ReplayMemory } from '../../proxy/state/replays.ts'
import { accept, headerOf, NOW_MS, presigned, received, signed, type WireRequest } from '../sigv4/signing.ts'

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

function scene() {
  const deps = {
    replays: new ReplayMemory({ perAgent: 2 }),
    clockSkew: { maxSkewMs: 300_000, maxSkewS3Ms: 900_000 },
    clock: { nowMs: () => NOW_MS },
  }
  const early = refuseReplay(deps)
  const late = claimSignature(deps)
  const exchangeOf = async (request: WireRequest, classes: readonly ActionClass[]) =>
    ({ ...(await accept(received(request))), call: { classes } }) as unknown as Resigned
  const reason = (stage: (exchange: Resigned) => unknown, exchange: Resigned): string | undefined => {
    try {
      void stage(exchange)
      return undefined
    } catch (error) {
      return (error as Denial).reason
    }
  }
  return { early, late, exchangeOf, reason }
}

describe('replay', () => {
  it('refuses early what was claimed late, and only that', async () => {
    const { early, late, exchangeOf, reason } = scene()
    const call = await exchangeOf(signed(), ['write'])
    expect(reason(early, call)).toBeUndefined()
    expect(reason(early, call)).toBeUndefined()
    expect(reason(late, call)).toBeUndefined()
    expect(reason(early, call)).toBe('replayed')
    expect(reason(late, call)).toBe('replayed')
    expect(reason(early, await exchangeOf(signed({ path: '/other' }), ['write']))).toBeUndefined()
  })

  it('lets reads and lists be repeated, whatever else they are', async () => {
    const { late, exchangeOf, reason } = scene()
    const read = await exchangeOf(signed(), ['read', 'list'])
    for (let i = 0; i < 5; i++) expect(reason(late, read)).toBeUndefined()
    const both = await exchangeOf(signed(), ['read', 'credentials'])
    expect(reason(late, both)).toBeUndefined()
    expect(reason(late, both)).toBe('replayed')
  })

  it('knows a presigned URL for as long as it is good', async () => {
    const { late, exchangeOf, reason } = scene()
    const url = presigned({ method: 'PUT' }, { expiresSeconds: 604_800 })
    expect(reason(late, await exchangeOf(url, ['write']))).toBeUndefined()
    expect(reason(late, await exchangeOf(url, ['write']))).toBe('replayed')
  })

  it('knows an ECDSA signature by the part that its other form shares: (r, s) and (r, -s)', async () => {
    const { late, exchangeOf, reason } = scene()
    const request = signed({}, { algorithm: ECDSA_ALGORITHM, service: 's3' })
    const authorization = headerOf(request, 'authorization')
    const der = /Signature=(.*)$/.exec(authorization)?.[1] ?? ''
    const twin = {
      ...request,
      headers: request.headers.map((text) =>
        text === authorization ? text.replace(der, negated(der)) : text,
      ),
    }
    expect(reason(late, await exchangeOf(request, ['write']))).toBeUndefined()
    expect(reason(late, await exchangeOf(twin, ['write']))).toBe('replayed')
  })

  it('waits for a store that answers later, and refuses as it says', async () => {
    const { exchangeOf } = scene()
    const call = await exchangeOf(signed(), ['write'])
    const outcomes = ['claimed', 'replayed', 'full'] as const
    const answers = outcomes.map((outcome) => {
      const replays = { has: () => false, claim: () => Promise.resolve(outcome), release: () => undefined }
      return claimSignature({
        replays,
        clockSkew: { maxSkewMs: 1, maxSkewS3Ms: 1 },
        clock: { nowMs: () => NOW_MS },
      })(call)
    })
    await expect(answers[0]).resolves.toBe(call)
    await expect(answers[1]).rejects.toMatchObject({ reason: 'replayed' })
    await expect(answers[2]).rejects.toMatchObject({ reason: 'overloaded' })
  })

  it('refuses what it has no room to remember', async () => {
    const { late, exchangeOf, reason } = scene()
    for (const path of ['/a', '/b']) {
      expect(reason(late, await exchangeOf(signed({ path }), ['write']))).toBeUndefined()
    }
    expect(reason(late, await exchangeOf(signed({ path: '/c' }), ['write']))).toBe('overloaded')
  })
})

/** The other signature that verifies, which needs no key to make. */
function negated(der: string): string {
  const rLength = 2 * parseInt(der.slice(6, 8), 16)
  const r = der.slice(4, 8 + rLength)
  const s = BigInt(`0x${der.slice(8 + rLength + 4)}`)
  let other = (ORDER - s).toString(16)
  if (other.length % 2 === 1) other = `0${other}`
  if (parseInt(other.slice(0, 2), 16) >= 0x80) other = `00${other}`
  const hex = (value: number): string => value.toString(16).padStart(2, '0')
  const inner = `${r}02${hex(other.length / 2)}${other}`
  return `30${hex(inner.length / 2)}${inner}`
}
