/** Verifies a whole audit log of any length: tells whether anything in it was changed after it was written. */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GENESIS, readLine, sealedTails, segmentName, segmentNumbers, type ChainHead } from './chain.ts'
import type { TornTail } from './record.ts'

const LIVE_WRITE_MS = 100

/** Describes one place where the log is not as it was written. */
export interface AuditProblem {
  readonly segment: string
  /** Line number in the segment from 1; 0 for the segment as a whole. */
  readonly line: number
  readonly what: string
}

/** Holds the result of a verification. */
export interface AuditVerdict {
  readonly ok: boolean
  readonly records: number
  readonly segments: number
  readonly head: ChainHead
  /** Torn tails of crashes that a later record names exactly: they are no problem of the chain. */
  readonly sealed: readonly TornTail[]
  readonly problems: readonly AuditProblem[]
}

/**
 * Verifies every segment in order. `expect` is a head that was stored earlier: without one, a log whose newest records
 * were removed looks like a shorter log. May run while another process writes.
 */
export async function verifyAudit(dir: string, expect?: ChainHead): Promise<AuditVerdict> {
  const numbers = segmentNumbers(await readdir(dir))
  const check = new ChainCheck(expect)
  if (numbers.length === 0) check.problem(segmentName(1), 0, 'there is no audit segment here')
  let next = 1
  for (const number of numbers) {
    for (; next < number; next += 1) check.problem(segmentName(next), 0, 'segment is missing')
    next = number + 1
    await check.segment(dir, segmentName(number), number === numbers.at(-1))
  }
  return check.end(numbers.length)
}

interface OpenTear {
  readonly torn: TornTail
  readonly problems: readonly AuditProblem[]
}

class ChainCheck {
  readonly #expect: ChainHead | undefined
  readonly #problems: AuditProblem[] = []
  readonly #sealed: TornTail[] = []
  /** Torn tails that the next whole record must name as a seal. */
  #tears: OpenTear[] = []
  #head: ChainHead = GENESIS
  #records = 0
  #expectSeen = false

  constructor(expect: ChainHead | undefined) {
    this.#expect = expect
  }

  problem(segment: string, line: number, what: string): void {
    this.#problems.push({ segment, line, what })
  }

  async segment(dir: string, segment: string, live: boolean): Promise<void> {
    let tear: { offset: number; length: number; hash: Hash; problems: AuditProblem[] } | undefined
    let line = 0
    let offset = 0
    for await (const bytes of lines(join(dir, segment), live)) {
      line += 1
      const whole = bytes.at(-1) === 0x0a
      const read = whole ? readLine(bytes.subarray(0, -1)) : undefined
      if (read === undefined) {
        tear ??= { offset, length: 0, hash: createHash('sha256'), problems: [] }
        tear.problems.push({
          segment,
          line,
          what: whole ? 'not a record, or changed' : 'torn: the line has no end',
        })
      } else if (tear !== undefined) {
        this.#problems.push(...tear.problems)
        tear = undefined
      }
      tear?.hash.update(bytes)
      if (tear !== undefined) tear.length += bytes.length
      if (read !== undefined) this.#follow(segment, line, read, bytes)
      offset += bytes.length
    }
    if (tear === undefined) return
    const { hash, problems, ...where } = tear
    const torn = { segment, offset: where.offset, length: where.length, sha256: hash.digest('hex') }
    this.#tears.push({ torn, problems })
  }

  #follow(segment: string, line: number, read: ChainHead & { prevHash: string }, bytes: Buffer): void {
    this.#settleTears(segment, line, bytes)
    this.#records += 1
    if (read.prevHash !== this.#head.hash || read.seq !== this.#head.seq + 1) {
      this.problem(segment, line, `record ${read.seq} does not follow record ${this.#head.seq}`)
    }
    this.#head = { seq: read.seq, hash: read.hash }
    if (read.seq !== this.#expect?.seq) return
    this.#expectSeen = true
    if (read.hash !== this.#expect.hash)
      this.problem(segment, line, `record ${read.seq} is not the one expected`)
  }

  /** Accepts torn tails if, and only if, the next whole record seals exactly those. */
  #settleTears(segment: string, line: number, bytes: Buffer): void {
    const named = sealedTails(bytes)
    if (named === undefined && this.#tears.length === 0) return
    const torn = this.#tears.map((each) => each.torn)
    if (named === JSON.stringify(torn)) this.#sealed.push(...torn)
    else {
      for (const each of this.#tears) this.#problems.push(...each.problems)
      if (named !== undefined)
        this.problem(segment, line, 'seals torn bytes that are not there as it names them')
    }
    this.#tears = []
  }

  end(segments: number): AuditVerdict {
    for (const each of this.#tears) this.#problems.push(...each.problems)
    const { seq } = this.#expect ?? GENESIS
    if (seq > 0 && !this.#expectSeen)
      this.problem(segmentName(segments), 0, `record ${seq} is expected and missing`)
    return {
      ok: this.#problems.length === 0,
      records: this.#records,
      segments,
      head: this.#head,
      sealed: this.#sealed,
      problems: this.#problems,
    }
  }
}

/** Yields the lines of a file with their line feeds; the last may lack one. `live`: its last line may be incomplete. */
async function* lines(path: string, live: boolean): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  let start = 0
  for (;;) {
    for await (const chunk of createReadStream(path, { start, highWaterMark: 256 * 1024 })) {
      const bytes = chunk as Buffer
      start += bytes.length
      const joined = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      let from = 0
      for (let end = joined.indexOf(0x0a); end >= 0; end = joined.indexOf(0x0a, from)) {
        yield joined.subarray(from, end + 1)
        from = end + 1
      }
      rest = joined.subarray(from)
    }
    if (rest.length === 0) return
    if (live) await sleep(LIVE_WRITE_MS)
    if (!live || (await stat(path)).size <= start) break
  }
  yield rest
}
