/** Watches files for changes, however they are written: in place, by rename, or by a link that now points elsewhere. */
import { createHash } from 'node:crypto'
import { readFileSync, watch, type FSWatcher } from 'node:fs'
import { dirname } from 'node:path'

/** Editors and ConfigMaps change a folder in several steps: a change counts when two checks in a row see the same. */
const LOOK_AGAIN_AFTER_MS = 150

/**
 * Calls `changed` after the content of any of the files has changed and stayed so for a moment. It watches the folders,
 * not the files: a file that is replaced by rename is another file. Other writes there never hide a change. The
 * function that it returns stops it.
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
    watchers = watchFolders(new Set(files().map((file) => dirname(file))), lookSoon, problem)
  }

  function lookSoon(): void {
    timer ??= setTimeout(look, LOOK_AGAIN_AFTER_MS).unref()
  }

  function look(): void {
    timer = undefined
    // A folder may be another one by now. The next check sees what changes after this one.
    arm()
    const now = fingerprint(files())
    const isSettled = now === seen
    seen = now
    if (!isSettled) return lookSoon()
    if (now === known) return
    known = now
    changed()
    // `files` may name others now.
    lookSoon()
  }

  arm()
  return () => {
    clearTimeout(timer)
    for (const each of watchers) each.close()
  }
}

/** Watches the folders that can be watched, and reports a problem for each of the others. */
function watchFolders(
  folders: ReadonlySet<string>,
  changed: () => void,
  problem: (error: unknown) => void,
): FSWatcher[] {
  return [...folders].flatMap((folder) => {
    try {
      return [watch(folder, { persistent: false }, changed).on('error', problem)]
    } catch (error) {
      problem(error)
      return []
    }
  })
}

/** Hashes the content of the files; for one that cannot be read, its error code counts as content. */
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
