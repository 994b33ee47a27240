/** What a run of the benchmark measured. */
import type { ChunkResult } from './chunks.ts'
import type { CommandRow } from './commands.ts'
import type { HeldRow } from './held.ts'
import type { MicroResult } from './measure.ts'
import type { Row } from './rounds.ts'
import type { StateResult } from './state.ts'
import type { UploadRow } from './uploads.ts'

export interface Start {
  readonly listeningMs: number
  readonly rssMiB: number
}

export interface BenchResult {
  readonly node: string
  /** Whether the proxies had a core of their own. */
  readonly pinned: boolean
  readonly region: string
  readonly connections: number
  readonly rounds: number
  readonly rows: readonly Row[]
  /** From sources alone, and with what the first start has compiled, as `npm start` keeps it. */
  readonly start: { readonly first: Start; readonly again: Start }
  readonly commands: readonly CommandRow[]
  readonly micro: readonly MicroResult[]
  readonly chunks: readonly ChunkResult[]
  readonly state: readonly StateResult[]
  readonly uploads: readonly UploadRow[]
  /** Bare node:http first. */
  readonly held: readonly HeldRow[]
}
