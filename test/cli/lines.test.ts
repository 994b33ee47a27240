import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linesOf } from '../../proxy/cli/lines.ts'

async function lines(
  chunks: readonly (Buffer | string)[],
  limitBytes = 1000,
): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = []
  for await (const line of linesOf(Readable.from(chunks), limitBytes)) found.push(line)
  return found
}

describe('linesOf', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['nothing', [], []],
    ['one line without an end', ['a'], ['a']],
    ['empty lines', ['\n\n'], ['', '']],
    ['a line in parts', ['a', 'b\nc', 'd\n'], ['ab', 'cd']],
    ['other ends of lines', ['a\rb\u2028c\n'], ['a\rb\u2028c']],
  ])('reads %s', async (_, chunks, expected) => {
    expect(await lines(chunks)).toEqual(expected)
  })

  it('gives undefined for a line that is too long, and goes on behind it', async () => {
    expect(await lines(['12345\n123', '456\n1', '\n123456'], 5)).toEqual(['12345', undefined, '1', undefined])
  })

  it('reads the same lines however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('a', 'ü', '\n', '\r', '🎼') }),
        fc.integer({ min: 1, max: 5 }),
        async (text, size) => {
          const bytes = Buffer.from(text)
          const cuts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
            bytes.subarray(i * size, (i + 1) * size),
          )
          const expected = text.split('\n')
          if (expected.at(-1) === '') expected.pop()
          expect(await lines(cuts)).toEqual(expected)
        },
      ),
    )
  })
})
