import type { ScriptName } from './valkey-scripts.ts'

/** Holds what the parts of the store have in common. */
export interface ValkeyServer {
  run(script: ScriptName, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown>
  get(keys: readonly string[]): Promise<readonly (string | null)[]>
  /** Rejects if the server would throw away what it is given; it is asked by time. */
  ensureFit(): Promise<void>
  /** Returns the full name of a key. All have one hash tag, so that a cluster keeps them on one node. */
  key(name: string): string
}
