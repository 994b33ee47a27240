/** Writes the files of the audit log: one segment is open for appending, rotated by size; every write is made durable. */
import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { segmentName } from './chain.ts'

/** A SegmentFile is the file of a segment; a `FileHandle` is one. */
export interface SegmentFile {
  appendFile(bytes: Buffer): Promise<void>
  datasync(): Promise<void>
  truncate(lengthBytes: number): Promise<void>
  close(): Promise<void>
}

export type OpenSegment = (path: string) => Promise<SegmentFile>

/** Opens a segment for appending; makes it with mode 0600. */
export const openSegmentFile: OpenSegment = (path) => open(path, 'a', 0o600)

export interface SegmentPosition {
  readonly number: number
  /** Durable length of that segment. */
  readonly lengthBytes: number
}

export interface SegmentOptions {
  readonly dir: string
  readonly segmentBytes: number
  readonly open: OpenSegment
  readonly at: SegmentPosition
}

/** A SegmentWriter appends to the newest segment and starts a new one when it is full. */
export class SegmentWriter {
  readonly #options: SegmentOptions
  #number: number
  #durableBytes: number
  #file: SegmentFile | undefined
  /** Which file the segment is, whatever its name, once it was opened here. */
  #identity: string | undefined
  readonly #folderIdentity: string | undefined

  constructor(options: SegmentOptions) {
    this.#options = options
    this.#number = options.at.number
    this.#folderIdentity = placeOf(options.dir)?.identity
    this.#durableBytes = options.at.lengthBytes
  }

  /**
   * Appends, and resolves when the bytes are durable. After a failure none of `bytes` counts as written: the next write
   * first truncates the file to its durable length. Bytes that were reported as durable are never cut. A write to a file
   * that was moved, removed or changed is a failure too: nobody would find the records. Without bytes it only looks.
   */
  async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0 && this.#file !== undefined) return this.#checkPlace(this.#durableBytes)
    if (this.#durableBytes > 0 && this.#durableBytes + bytes.length > this.#options.segmentBytes) {
      this.#checkPlace(this.#durableBytes, 'or longer')
      await this.#rotate()
    }
    const file = this.#file ?? (await this.#open())
    try {
      await file.appendFile(bytes)
      await file.datasync()
      this.#checkPlace(this.#durableBytes + bytes.length)
    } catch (error) {
      // After a failed fdatasync the kernel may mark the lost pages clean, so this handle is not used again.
      this.#file = undefined
      await file.close().catch(() => undefined)
      throw error
    }
    this.#durableBytes += bytes.length
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  async #rotate(): Promise<void> {
    await this.close()
    this.#number += 1
    this.#durableBytes = 0
    this.#identity = undefined
  }

  /** Throws unless the file that is written lies under its name, with this length. */
  #checkPlace(lengthBytes: number, may?: 'or longer'): void {
    const place = placeOf(this.#path)
    const isSame = place !== undefined && (this.#identity ?? place.identity) === place.identity
    const isWhole =
      place !== undefined &&
      (may === 'or longer' ? place.lengthBytes >= lengthBytes : place.lengthBytes === lengthBytes)
    if (!isSame || !isWhole) throw gone(this.#path)
  }

  get #path(): string {
    return join(this.#options.dir, segmentName(this.#number))
  }

  async #open(): Promise<SegmentFile> {
    if (placeOf(this.#options.dir)?.identity !== this.#folderIdentity) throw gone(this.#options.dir)
    // What was written once is there to be gone on with; a new file in its place would begin in the middle.
    if (this.#durableBytes > 0 || this.#identity !== undefined)
      this.#checkPlace(this.#durableBytes, 'or longer')
    const file = await this.#options.open(this.#path)
    try {
      await file.truncate(this.#durableBytes)
      await syncFolder(this.#options.dir)
      this.#identity ??= placeOf(this.#path)?.identity
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
    this.#file = file
    return file
  }
}

/** What lies under a name; undefined: nothing. */
function placeOf(path: string): { readonly identity: string; readonly lengthBytes: number } | undefined {
  const place = statSync(path, { bigint: true, throwIfNoEntry: false })
  return place && { identity: `${place.dev}:${place.ino}`, lengthBytes: Number(place.size) }
}

function gone(path: string): Error {
  return new Error(
    `${path} was moved, removed, replaced or cut while Moderato wrote it: put the same file back, or restart Moderato`,
  )
}

/** Makes a folder durable: a new file is durable only with its folder. */
async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
