/** Makes the HOME of a command that works on a task: a new folder with nothing in it but what leads to the proxy. */
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { User } from './separation.ts'

/** Creates the folder for the user (this process's if undefined), and returns its path; `files` are texts by path. */
export function newHome(user: User | undefined, files: Readonly<Record<string, string>>): string {
  const home = mkdtempSync(join(tmpdir(), 'moderato-run-'))
  const made = Object.keys(files)
    .flatMap((path) => [...foldersOf(path), path])
    .map((path) => join(home, path))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(home, dirname(path)), { recursive: true, mode: 0o700 })
    writeFileSync(join(home, path), text, { mode: 0o600 })
  }
  // From the inside out: until all is there, nobody else can enter and put a link where a file will be.
  if (user !== undefined) for (const path of [...made.toReversed(), home]) chownSync(path, user.uid, user.gid)
  return home
}

/** Returns the folders of a relative path, outermost first. */
function foldersOf(path: string): string[] {
  const folder = dirname(path)
  return folder === '.' ? [] : [...foldersOf(folder), folder]
}

/** Removes the folder with all that the command left in it. */
export function removeHome(home: string): void {
  rmSync(home, { recursive: true, force: true })
}
