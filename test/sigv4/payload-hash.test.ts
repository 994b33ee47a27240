import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { payloadHashCheck } from '../../proxy/sigv4/payload-hash.ts'

async function pass(parts: readonly string[], sha256: string) {
  const out: Buffer[] = []
  const check = payloadHashCheck(sha256)
  const ended = new Promise<string | undefined>((resolve, reject) => {
    check.once('end', () => resolve(undefined))
    check.once('error', (error) => (error instanceof Denial ? resolve(error.reason) : reject(error)))
  })
  check.on('data', (chunk: Buffer) => out.push(chunk))
  for (const part of parts) check.write(part)
  check.end()
  return { reason: await ended, text: Buffer.concat(out).toString() }
}

describe('payloadHashCheck', () => {
  it.each([[['hello']], [['he', 'llo']], [['h', 'e', 'l', 'l', 'o']], [['hello', '']], [[]]])(
    'passes %j on',
    async (parts) => {
      const text = parts.join('')
      expect(await pass(parts, hash('sha256', text))).toEqual({ reason: undefined, text })
    },
  )

  it.each([
    [['he', 'llo'], 'he'],
    [['hello'], ''],
    [['he', 'llo', ''], 'he'],
    [[], ''],
  ])('fails %j before its end when the hash is another', async (parts, text) => {
    expect(await pass(parts, hash('sha256', 'other'))).toEqual({ reason: 'payload_mismatch', text })
  })
})
