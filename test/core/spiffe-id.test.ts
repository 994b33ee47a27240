import { describe, expect, it } from 'vitest'
import { parseSpiffeId } from '../../proxy/core/spiffe-id.ts'

describe('a SPIFFE ID', () => {
  it.each([
    ['spiffe://example.org', 'example.org', ''],
    ['spiffe://example.org/a', 'example.org', '/a'],
    ['spiffe://1_trust.domain-2/path.1/_2-/...', '1_trust.domain-2', '/path.1/_2-/...'],
  ])('%s is of %s', (text, trustDomain, path) => {
    expect(parseSpiffeId(text)).toEqual({ trustDomain, path })
  })

  it.each([
    '',
    'example.org/a',
    'https://example.org/a',
    'SPIFFE://example.org/a',
    'spiffe:/example.org/a',
    'spiffe:///a',
    'spiffe://Example.org/a',
    'spiffe://example.org:8080/a',
    'spiffe://user@example.org/a',
    'spiffe://example.org/',
    'spiffe://example.org/a/',
    'spiffe://example.org//a',
    'spiffe://example.org/a//b',
    'spiffe://example.org/./a',
    'spiffe://example.org/a/..',
    'spiffe://example.org/a/../b',
    'spiffe://example.org/a?b',
    'spiffe://example.org?b',
    'spiffe://example.org/a#b',
    'spiffe://example.org/%61',
    'spiffe://example.org/a\n',
    'spiffe://example.org\n',
    'spiffe://example.org/ä',
    ' spiffe://example.org/a',
    `spiffe://${'a'.repeat(256)}/a`,
    `spiffe://example.org/${'a'.repeat(2048)}`,
  ])('is not %j', (text) => {
    expect(parseSpiffeId(text)).toBeUndefined()
  })
})
