import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventChain, signedEvents } from '../../proxy/sigv4/event-stream.ts'
import { deriveKey } from '../../proxy/sigv4/signing-key.ts'
import { pass, split, type Passed } from './chunk-bodies.ts'
import { frame, readFrames, signedFrames, type EventSigning } from './events.ts'

const NOW_MS = Date.UTC(2026, 2, 4, 23, 59, 58)
const PLACE = { region: 'us-east-1', service: 'lex' }
const AGENT = {
  accessKeyId: 'AKIDAGENT',
  secretAccessKey: 'agent-secret',
  service: 'lex',
  seed: 'a'.repeat(64),
}
const UPSTREAM = {
  accessKeyId: 'AKIDUP',
  secretAccessKey: 'upstream-secret',
  service: 'lex',
  seed: 'b'.repeat(64),
}
const TEXTS = ['hello', 'wide', 'world']

function chainOf({ secretAccessKey, seed }: typeof AGENT): EventChain {
  return new EventChain((date) => deriveKey(secretAccessKey, { ...PLACE, date }), PLACE, seed)
}

function stream(nowMs = NOW_MS, maxFrameBytes = 10_000, roomBytes = 1_000_000) {
  let held = 0
  const hold = {
    take: (bytes: number) => held + bytes <= roomBytes && (held += bytes) > 0,
    giveBack: (bytes: number) => void (held -= bytes),
  }
  return signedEvents({
    verify: chainOf(AGENT),
    sign: chainOf(UPSTREAM),
    maxFrameBytes,
    maxSkewMs: 300_000,
    nowMs: () => nowMs,
    hold,
  })
}

/** Signed a second after each other, so that the day turns between them. */
const frames = (signing: Partial<EventSigning> = {}): Promise<Buffer[]> =>
  signedFrames(TEXTS, { ...AGENT, at: (index) => new Date(NOW_MS + index * 1000 + 123), ...signing })

const through = (parts: readonly Buffer[], ...of: Parameters<typeof stream>): Promise<Passed> =>
  pass(stream(...of), parts)

describe('signedEvents', () => {
  it('signs every event anew, over midnight too, with our own date', async () => {
    const { bytes, reason } = await through(await frames(), NOW_MS + 2500)
    expect(reason).toBeUndefined()
    const { texts, dates } = await readFrames(bytes, UPSTREAM)
    expect(texts).toEqual([...TEXTS, ''])
    expect(dates.map(Number)).toEqual(Array(4).fill(NOW_MS + 2500))
  })

  it('does so however the bytes are split', async () => {
    const whole = Buffer.concat(await frames())
    const expected = (await through([whole])).bytes
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), async (sizes) => {
        expect(await through(split(whole, sizes))).toEqual({ bytes: expected, reason: undefined })
      }),
      { numRuns: 50 },
    )
  })

  it('passes an event on without waiting for the next', async () => {
    const [first] = await frames()
    const passing = stream()
    passing.write(first)
    await expect.poll(() => passing.readableLength).toBeGreaterThan(0)
    passing.destroy()
  })

  it('refuses every changed byte, and passes on nothing of its event', async () => {
    const sent = await frames()
    const whole = Buffer.concat(sent)
    const good = (await through(sent)).bytes
    for (let at = 0; at < whole.length; at += 1) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      const { bytes, reason } = await through([changed])
      expect(reason).toMatch(/^(payload_mismatch|clock_skew|body_too_large)$/)
      const before = sent.reduce((sum, each) => (sum + each.length <= at ? sum + each.length : sum), 0)
      expect(bytes.length).toBeLessThanOrEqual(before)
      expect(good.subarray(0, bytes.length).equals(bytes)).toBe(true)
    }
  })

  it.each<[string, (sent: Buffer[]) => Buffer[]]>([
    ['one that is left out', ([a, , c, d]) => [a, c, d] as Buffer[]],
    ['one that comes twice', ([a, b, c, d]) => [a, b, b, c, d] as Buffer[]],
    ['two in the other order', ([a, b, c, d]) => [b, a, c, d] as Buffer[]],
    ['no end', (sent) => sent.slice(0, -1)],
    ['half an end', (sent) => [...sent.slice(0, -1), (sent.at(-1) as Buffer).subarray(0, -1)]],
    ['bytes behind the end', (sent) => [...sent, Buffer.from('x')]],
    ['an event behind the end', (sent) => [...sent, sent[0] as Buffer]],
    ['nothing', () => []],
  ])('refuses %s', async (_what, change) => {
    expect((await through(change(await frames()))).reason).toBe('payload_mismatch')
  })

  it('refuses an event that is dated before the last, or far off', async () => {
    const back = await frames({ at: (index) => new Date(NOW_MS - index) })
    expect((await through(back)).reason).toBe('payload_mismatch')
    expect((await through(await frames(), NOW_MS + 301_000)).reason).toBe('clock_skew')
  })

  it('refuses an event with another header, or without one of its two', async () => {
    const date = { type: 'timestamp' as const, value: new Date(NOW_MS) }
    const signature = { type: 'binary' as const, value: Buffer.alloc(32) }
    for (const headers of [
      { ':date': date },
      { ':chunk-signature': signature },
      { ':date': date, ':chunk-signature': signature, more: date },
    ]) {
      expect((await through([frame(headers, Buffer.from('x'))])).reason).toBe('payload_mismatch')
    }
  })

  it('refuses a frame that is too large by its own word, or for which there is no room', async () => {
    const large = Buffer.alloc(12)
    large.writeUInt32BE(10_001)
    expect((await through([large])).reason).toBe('body_too_large')
    large.writeUInt32BE(15)
    expect((await through([large])).reason).toBe('payload_mismatch')
    expect((await through(await frames(), NOW_MS, 10_000, 100)).reason).toBe('overloaded')
  })
})
