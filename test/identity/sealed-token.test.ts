import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  keyIdOf,
  MAX_TOKEN_CHARACTERS,
  seal,
  sealingKey,
  sealTicket,
  secretOf,
  unseal,
  unsealTicket,
} from '../../proxy/identity/sealed-token.ts'

const key = sealingKey('k1', Buffer.alloc(32, 1))
const other = sealingKey('k2', Buffer.alloc(32, 2))

describe('seal', () => {
  it('gives back what was sealed, to who has the key and the access key id', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (content) => {
        const { accessKeyId, sessionToken } = seal(content, key)
        expect(keyIdOf(sessionToken)).toBe('k1')
        expect(JSON.stringify(unseal(accessKeyId, sessionToken, key))).toBe(JSON.stringify(content))
      }),
      { numRuns: 200, seed: 5 },
    )
  })

  it.each([0, 400, 502, 503, 5_000])('gives back a text of %i characters', (length) => {
    const text = '{"a":"b"}'.repeat(length / 9 + 1).slice(0, length)
    const { accessKeyId, sessionToken } = seal(text, key)
    expect(unseal(accessKeyId, sessionToken, key)).toBe(text)
  })

  it('makes another access key, token and secret each time', () => {
    const [one, two] = [seal({ a: 1 }, key), seal({ a: 1 }, key)]
    for (const name of ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const)
      expect(one[name]).not.toBe(two[name])
    expect(one.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/)
  })

  it('refuses what makes a token that clients may not carry', () => {
    const random = Array.from({ length: 300 }, (_, index) => `arn:aws:s3:::${Math.sin(index)}`)
    expect(() => seal(random, key)).toThrow(RangeError)
    expect(seal(Array(300).fill('arn:aws:s3:::same'), key).sessionToken.length).toBeLessThan(
      MAX_TOKEN_CHARACTERS,
    )
  })
})

describe('unseal', () => {
  const { accessKeyId, sessionToken } = seal({ task: 't' }, key)

  it('opens nothing with another key, even one that took its id', () => {
    expect(unseal(accessKeyId, sessionToken, other)).toBeUndefined()
    expect(unseal(accessKeyId, sessionToken, { ...other, id: 'k1' })).toBeUndefined()
  })

  it('opens nothing for another access key id', () => {
    expect(unseal(seal({}, key).accessKeyId, sessionToken, key)).toBeUndefined()
  })

  it('opens nothing of which a character was changed', () => {
    const start = 'M1.k1.'.length
    for (let at = start; at < sessionToken.length; at += 1) {
      const changed = sessionToken[at] === 'A' ? 'Q' : 'A'
      const token = `${sessionToken.slice(0, at)}${changed}${sessionToken.slice(at + 1)}`
      expect(unseal(accessKeyId, token, key)).toBeUndefined()
    }
  })

  it('opens no ticket as a session token, and no session token as a ticket', () => {
    const ticket = sealTicket({ task: 't' }, key)
    expect(unsealTicket(ticket, key)).toEqual({ task: 't' })
    expect(unseal(accessKeyId, ticket, key)).toBeUndefined()
    expect(unsealTicket(sessionToken, key)).toBeUndefined()
  })

  it.each(['', 'M1', 'M1.k1', 'M1.k1.', 'M2.k1.AAAA', 'M1.k 1.AAAA', `M1.k1.${'A'.repeat(3000)}`])(
    'takes %j for no token',
    (text) => {
      expect(keyIdOf(text)).toBeUndefined()
    },
  )

  it('opens nothing that is too short to hold anything', () => {
    expect(unseal(accessKeyId, 'M1.k1.AAAA', key)).toBeUndefined()
  })
})

describe('secretOf', () => {
  it('is another for another token, access key or master key', () => {
    const { accessKeyId, sessionToken, secretAccessKey } = seal({}, key)
    expect(secretOf(accessKeyId, sessionToken, key)).toBe(secretAccessKey)
    expect(secretOf(accessKeyId, `${sessionToken}=`, key)).not.toBe(secretAccessKey)
    expect(secretOf('ASIAOTHER', sessionToken, key)).not.toBe(secretAccessKey)
    expect(secretOf(accessKeyId, sessionToken, other)).not.toBe(secretAccessKey)
  })
})
