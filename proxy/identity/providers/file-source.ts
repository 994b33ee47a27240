/** Reads a source that is a file, and reads it again when it changes. */
import { readFileSync, statSync } from 'node:fs'
import type { Clock } from '../../core/ports.ts'
import { unavailable, type Source } from './source.ts'

export interface FileOptions<Value> {
  readonly what: string
  readonly path: string
  /** Throws for content that is of no use. */
  readonly parse: (text: string) => Value
  readonly clock: Clock
  /** How long the last good content is served after the file went bad, or away. */
  readonly staleMs: number
}

/** Throws if the file is of no use at the start. */
export function fileSource<Value>({ what, path, parse, clock, staleMs }: FileOptions<Value>): Source<Value> {
  let [seen, value] = [stampOf(path), parse(readFileSync(path, 'utf8'))]
  let changedAtMs = statSync(path).mtimeMs
  let badSinceMs: number | undefined
  function read(): Value {
    try {
      const stamp = stampOf(path)
      if (stamp !== seen || badSinceMs !== undefined) {
        value = parse(readFileSync(path, 'utf8'))
        seen = stamp
        changedAtMs = statSync(path).mtimeMs
        badSinceMs = undefined
      }
    } catch (error) {
      badSinceMs ??= clock.nowMs()
      if (clock.nowMs() - badSinceMs >= staleMs) throw unavailable(what, error)
    }
    return value
  }
  const current = async (): Promise<Value> => read()
  return { current, renewed: current, asOfMs: () => changedAtMs, close: () => Promise.resolve() }
}

/** Editors replace a file, or write into it; mounted secrets swap a link. */
function stampOf(path: string): string {
  const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true })
  return [dev, ino, size, mtimeNs].join(' ')
}
