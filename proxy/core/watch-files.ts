/** Tells when files changed, however they were written: in place, by rename, or by a link that now leads elsewhere. */
import { createHash } from 'node:crypto'
import { readFileSync, watch, type FSWatcher } from 'node:fs'
import { dirname } from 'node:path'

/** Editors and ConfigMaps change a folder in several steps: what counts is what two looks in turn see. */
const LOOK_AGAIN_AFTER_MS = 150

/**
 * Calls back after the content of any of the files changed and stayed so for a moment. The folders are watched, not the
 * files: a file that is replaced by rename is another file. However much else is written there, a change is told of.
 * Ends with the answer.
 */
export function watchFiles(
  files: () => readonly string[],
  changed: () => void,
  problem: (error: unknown) => void,
): () => void {
  let watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  let known = fingerprint(files())
  let seen = known

  function arm(): void {
    for (const each of watchers) each.close()
    const folders = new Set(files().map((file) => dirname(file)))
    watchers = [...folders].flatMap((folder) => {
      try {
        return [watch(folder, { persistent: false }, lookSoon).on('error', problem)]
      } catch (error) {
        problem(error)
        return []
      }
    })
  }

  function lookSoon(): void {
    timer ??= setTimeout(look, LOOK_AGAIN_AFTER_MS).unref()
  }

  function look(): void {
    timer = undefined
    // A folder may be another one by now. What changes after this look shows at the next.
    arm()
    const now = fingerprint(files())
    const isSettled = now === seen
    seen = now
    if (!isSettled) return lookSoon()
    if (now === known) return
    known = now
    changed()
    // It may name other files now.
    lookSoon()
  }

  arm()
  return () => {
    clearTimeout(timer)
    for (const each of watchers) each.close()
  }
}

/** A file that cannot be read counts by that. */
function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) {
    try {
      hash.update(readFileSync(file))
    } catch (error) {
      hash.update(String((error as NodeJS.ErrnoException).code))
    }
    hash.update('\0')
  }
  return hash.digest('hex')
}
