import { describe, expect, it } from 'vitest'
import { HeldAnswer } from '../../../proxy/stages/forward/held-answer.ts'

/** Returns what of each piece went on at once, and whether it was held for an error in the end. */
function through(state: 'error' | 'undecided' | 'none', pieces: readonly string[]) {
  const held = new HeldAnswer(state)
  const passed = pieces.map((piece) => Buffer.concat(held.take(Buffer.from(piece))).toString())
  return { passed, isError: held.isError, rest: Buffer.concat(held.rest()).toString() }
}

describe('HeldAnswer', () => {
  it('holds all of an error', () => {
    expect(through('error', ['a', 'b'])).toEqual({ passed: ['', ''], isError: true, rest: 'ab' })
  })

  it('holds nothing of what is none', () => {
    expect(through('none', ['<Error>', 'b'])).toEqual({ passed: ['<Error>', 'b'], isError: false, rest: '' })
  })

  it.each<[string, readonly string[], readonly string[], boolean, string]>([
    ['an error', ['<Error><Code>', 'X'], ['', ''], true, '<Error><Code>X'],
    [
      'an error after a declaration',
      ['<?xml version="1.0"?>\n<Error>'],
      [''],
      true,
      '<?xml version="1.0"?>\n<Error>',
    ],
    [
      'spaces while the service works',
      ['<?xml version="1.0"?>', ' ', '\n ', '<Error>'],
      ['<?xml version="1.0"?>', ' ', '\n ', ''],
      true,
      '<Error>',
    ],
    ['an error cut in its name', ['<', 'Err', 'or>'], ['', '', ''], true, '<Error>'],
    [
      'a declaration cut in two',
      ['<?xml ver', 'sion="1.0"?>', '<Error/>'.slice(0, 6), ' x>'],
      ['', '<?xml version="1.0"?>', '', ''],
      true,
      '<Error x>',
    ],
    ['a result', ['<Copy', 'Result>', '<Error>'], ['<Copy', 'Result>', '<Error>'], false, ''],
    ['a name that begins alike', ['<Err', 'ors>', 'x'], ['', '<Errors>', 'x'], false, ''],
    ['a body that is no XML', ['{}', '<Error>'], ['{}', '<Error>'], false, ''],
  ])('finds out of a success whether it is %s', (_name, pieces, passed, isError, rest) => {
    expect(through('undecided', pieces)).toEqual({ passed, isError, rest })
  })

  it('says when there is too much to hold', () => {
    const held = new HeldAnswer('error')
    held.take(Buffer.alloc(64 * 1024))
    expect(held.isFull).toBe(false)
    held.take(Buffer.alloc(1))
    expect(held.isFull).toBe(true)
    held.rest()
    expect(held.isFull).toBe(false)
  })

  it('gives up on a declaration that does not end', () => {
    const held = new HeldAnswer('undecided')
    const begun = Buffer.from(`<?${'x'.repeat(2000)}`)
    expect(held.take(begun)).toEqual([begun])
  })
})
