import { describe, expect, it } from 'vitest'
import { sessionName, tagValue } from '../../proxy/credentials/session-names.ts'

const FORM = /^[\w+=,.@-]{2,64}$/

describe('sessionName', () => {
  it('leaves alone what STS takes', () => {
    for (const name of ['deploy-42', 'a@b.c', 'x'.repeat(64)]) expect(sessionName(name)).toBe(name)
  })

  it('has the letters and the length that STS takes, whatever the agent is called', () => {
    for (const id of [
      '',
      'a',
      'spiffe://example.org/agent/demo',
      '日本',
      '😀\ud800',
      'a\nb',
      'x'.repeat(300),
    ])
      expect(sessionName(id)).toMatch(FORM)
  })

  it('gives no two agents the same name, nor one that another could be called', () => {
    const ids = ['a/b', 'a b', 'a-b', 'a\nb', 'x'.repeat(65), 'x'.repeat(66), '日', '本', '', 'a']
    const names = ids.map((id) => sessionName(id))
    // Whoever is called as another one is named gets another name still.
    const all = [...names, ...names.filter((name, i) => name !== ids[i]).map((name) => sessionName(name))]
    expect(new Set(all).size).toBe(all.length)
  })
})

describe('tagValue', () => {
  it('keeps SPIFFE ids and words, and marks what it had to change', () => {
    expect(tagValue('spiffe://example.org/agent/demo')).toBe('spiffe://example.org/agent/demo')
    expect(tagValue('Änderung 42')).toBe('Änderung 42')
    expect(tagValue('OPS-1; drop')).toMatch(/^OPS-1- drop-[0-9a-f]{16}$/)
    expect(tagValue('x'.repeat(300))).toHaveLength(256)
    expect(tagValue('a\ud800')).not.toMatch(/[\ud800]/)
  })
})
