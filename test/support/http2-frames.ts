/** Builds HTTP/2 byte by byte, for what no client sends: several frames in one packet (RFC 9113 4.1, RFC 7541 6.2.2). */

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Every connection begins with this: the preface, and settings that change nothing. */
export const BEGIN = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame(4, 0, 0, Buffer.alloc(0)),
])

/** Returns a whole head of literals that are not indexed; more frames of the stream follow. */
export function headers(stream: number, fields: Readonly<Record<string, string>>): Buffer {
  const block = Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)])
  return frame(1, 0x4, stream, Buffer.concat(block))
}

export function data(stream: number, bytes: string, isLast = false): Buffer {
  return frame(0, isLast ? 0x1 : 0, stream, Buffer.from(bytes))
}

/** Returns RST_STREAM with CANCEL. */
export function reset(stream: number): Buffer {
  return frame(3, 0, stream, Buffer.of(0, 0, 0, 8))
}

/** Encodes a string literal without Huffman coding. */
function text(characters: string): Buffer {
  const bytes = Buffer.from(characters)
  return Buffer.concat([Buffer.from(integer(bytes.length)), bytes])
}

/** Encodes an integer with a prefix of seven bits (RFC 7541 5.1). */
function integer(value: number): number[] {
  if (value < 127) return [value]
  const bytes = [127]
  let rest = value - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return [...bytes, rest]
}
