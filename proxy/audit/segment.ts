/** Writes the files of the audit log: one segment is open for appending, rotated by size; every write is made durable. */
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

  constructor(options: SegmentOptions) {
    this.#options = options
    this.#number = options.at.number
    this.#durableBytes = options.at.lengthBytes
  }

  /**
   * Appends, and resolves when the bytes are durable. After a failure none of `bytes` counts as written: the next write
   * first truncates the file to its durable length. Bytes that were reported as durable are never cut.
   */
  async write(bytes: Buffer): Promise<void> {
    if (this.#durableBytes > 0 && this.#durableBytes + bytes.length > this.#options.segmentBytes)
      await this.#rotate()
    const file = this.#file ?? (await this.#open())
    try {
      await file.appendFile(bytes)
      await file.datasync()
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
  }

  async #open(): Promise<SegmentFile> {
    const file = await this.#options.open(join(this.#options.dir, segmentName(this.#number)))
    try {
      await file.truncate(this.#durableBytes)
      await syncFolder(this.#options.dir)
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
    this.#file = file
    return file
  }
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
