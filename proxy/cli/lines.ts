/** Splits a byte stream, such as standard input, into lines. */

/**
 * Yields each line without its `\n`, also empty ones, and the text after the last `\n` if there is any. Nothing else ends
 * a line: JSON text may contain `\r` and U+2028. For a line of more than `limitBytes` it yields undefined, and keeps no
 * more of it than that.
 */
export async function* linesOf(
  input: AsyncIterable<Buffer | string>,
  limitBytes: number,
): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = []
  let lengthBytes = 0
  const take = (part: Buffer): void => {
    lengthBytes += part.length
    if (lengthBytes > limitBytes) parts = []
    else parts.push(part)
  }
  const end = (): string | undefined => {
    const line = lengthBytes > limitBytes ? undefined : Buffer.concat(parts).toString('utf8')
    parts = []
    lengthBytes = 0
    return line
  }
  for await (const given of input) {
    const chunk = typeof given === 'string' ? Buffer.from(given) : given
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      take(chunk.subarray(from, at))
      yield end()
      from = at + 1
    }
    if (from < chunk.length) take(chunk.subarray(from))
  }
  if (lengthBytes > 0) yield end()
}
