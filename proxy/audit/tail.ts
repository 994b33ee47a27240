/** Reads the newest records of an audit log, and later ones as they are written. */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { segmentName, segmentNumbers } from './chain.ts'

const POLL_MS = 200

export interface TailOptions {
  /** The number of whole lines to start with, from the last segments. */
  readonly lines: number
  readonly follow: boolean
  readonly signal?: AbortSignal | undefined
}

/** Yields whole lines without line feeds, oldest first. Ends at the log's end; with `follow`, when the signal aborts. */
export async function* tailAudit(dir: string, options: TailOptions): AsyncGenerator<string> {
  const position = await start(dir, options.lines)
  let { number } = position
  let rest = position.rest
  yield* position.lines
  let offset = position.offset
  while (options.follow && options.signal?.aborted !== true) {
    // Checked before reading, so that everything written before the next segment started is read first.
    const rotated = segmentNumbers(await readdir(dir)).some((each) => each > number)
    const bytes = number === 0 ? Buffer.alloc(0) : await readFrom(join(dir, segmentName(number)), offset)
    offset += bytes.length
    const whole = Buffer.concat([rest, bytes])
    const end = whole.lastIndexOf(0x0a) + 1
    yield* linesOf(whole.subarray(0, end))
    rest = whole.subarray(end)
    if (rotated) {
      number += 1
      offset = 0
      rest = Buffer.alloc(0)
    } else if (bytes.length === 0) {
      await sleep(POLL_MS, undefined, { signal: options.signal }).catch(() => undefined)
    }
  }
}

interface Start {
  readonly number: number
  readonly offset: number
  readonly rest: Buffer
  readonly lines: readonly string[]
}

async function start(dir: string, wanted: number): Promise<Start> {
  const numbers = segmentNumbers(await readdir(dir))
  let found: string[] = []
  let last: Pick<Start, 'number' | 'offset' | 'rest'> = { number: 0, offset: 0, rest: Buffer.alloc(0) }
  for (const number of numbers.toReversed()) {
    const bytes = await readFrom(join(dir, segmentName(number)), 0)
    const end = bytes.lastIndexOf(0x0a) + 1
    if (last.number === 0) last = { number, offset: bytes.length, rest: bytes.subarray(end) }
    found = [...linesOf(bytes.subarray(0, end)), ...found]
    if (found.length >= wanted) break
  }
  return { ...last, lines: wanted === 0 ? [] : found.slice(-wanted) }
}

function linesOf(bytes: Buffer): string[] {
  return bytes.length === 0 ? [] : bytes.toString().slice(0, -1).split('\n')
}

async function readFrom(path: string, offset: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.max(0, size - offset)),
      0,
      undefined,
      offset,
    )
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
