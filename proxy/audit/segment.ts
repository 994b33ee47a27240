/** The file side of the audit log: one segment open for appending, rotated by size, every write made durable. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { segmentName } from './chain.ts'

/** What is asked of a segment's file; a `FileHandle` is one. */
export interface SegmentFile {
  appendFile(bytes: Buffer): Promise<void>
  datasync(): Promise<void>
  truncate(lengthBytes: number): Promise<void>
  close(): Promise<void>
}

export type OpenSegment = (path: string) => Promise<SegmentFile>

/** Opens for appending, made with mode 0600. */
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
   * Appends and resolves once it is durable. After a failure nothing of `bytes` counts as written: the next write
   * first cuts the file back to what was durable. Only bytes that nobody was promised are ever cut.
   */
  async write(bytes: Buffer): Promise<void> {
    if (this.#durableBytes > 0 && this.#durableBytes + bytes.length > this.#options.segmentBytes)
      await this.#rotate()
    const file = this.#file ?? (await this.#open())
    try {
      await file.appendFile(bytes)
      await file.datasync()
    } catch (error) {
      // After a failed fdatasync the kernel may call the lost pages clean, so this handle is not asked again.
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

/** A new file is durable only once its folder is. */
async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
