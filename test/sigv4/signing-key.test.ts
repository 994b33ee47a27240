import { describe, expect, it } from 'vitest'
import { deriveKey, SigningKeys } from '../../proxy/sigv4/signing-key.ts'

const scope = { date: '20150830', region: 'us-east-1', service: 'iam' }
const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'

describe('deriveKey', () => {
  it("gives the key of AWS's documented example", () => {
    expect(deriveKey(secret, scope).toString('hex')).toBe(
      'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
    )
  })
})

describe('SigningKeys', () => {
  it('gives one key object for one scope and a different one for each part changed', () => {
    const keys = new SigningKeys()
    const first = keys.get('A', secret, scope)
    expect(keys.get('A', secret, { ...scope })).toBe(first)
    for (const other of [{ date: '20150831' }, { region: 'eu-west-1' }, { service: 's3' }]) {
      expect(keys.get('A', secret, { ...scope, ...other }).equals(first)).toBe(false)
    }
  })

  it('derives anew when the secret of an access key changed', () => {
    const keys = new SigningKeys()
    const first = keys.get('A', secret, scope)
    expect(keys.get('A', 'rotated', scope)).toEqual(deriveKey('rotated', scope))
    expect(keys.get('A', secret, scope)).toEqual(first)
  })

  it('stays bounded, and keeps what is in use', () => {
    const keys = new SigningKeys(10)
    const used = keys.get('A', secret, scope)
    for (let i = 0; i < 500; i += 1) {
      keys.get('A', secret, { ...scope, region: `r-${i}` })
      expect(keys.get('A', secret, scope)).toBe(used)
      expect(keys.size).toBeLessThanOrEqual(20)
    }
  })
})
