#!/usr/bin/env node
/**
 * The `moderato` command, in a checkout and installed. It readies Node and hands over to `proxy/main.ts`. It is plain
 * JavaScript because Node strips no types inside node_modules, and because an older Node must be able to read what it says.
 */
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** As `engines` in package.json. */
const NEEDED_NODE_MAJOR = 24
const GC_FLAG = '--expose-gc'

/**
 * Replaces this process by one with Node's `gc`, which `serve` needs for large bodies (`stream-memory.ts` says why). Process
 * id, streams and signals stay as they are. Returns where there is nothing to do or the system cannot do it (Windows): then
 * `serve` finds another, slower way.
 */
function exposeGc() {
  if (globalThis.gc !== undefined || process.execArgv.includes(GC_FLAG)) return
  const command = [process.execPath, ...process.execArgv, GC_FLAG, fileURLToPath(import.meta.url)]
  try {
    process.execve(process.execPath, [...command, ...process.argv.slice(2)])
  } catch {
    // Then without it.
  }
}

/**
 * Has Node keep compiled code, so that the command starts sooner. Node's own choice, a folder in /tmp, could be made before
 * us by another user of the machine, with code of theirs; so it is a folder of this user, or none.
 */
function keepCompiledCode() {
  // oxlint-disable-next-line node/no-process-env -- where caches are is no setting of the proxy
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const folder = join(cache, 'moderato', 'compiled')
  try {
    for (const each of [cache, dirname(folder), folder])
      if (!existsSync(each)) mkdirSync(each, { mode: 0o700 })
    if ([dirname(folder), folder].every(isOwn)) module.enableCompileCache(folder)
  } catch {
    // No home, or one that cannot be written to: then without it.
  }
}

/** @param {string} folder */
function isOwn(folder) {
  const status = lstatSync(folder)
  return status.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o022) === 0
}

if (Number.parseInt(process.versions.node, 10) < NEEDED_NODE_MAJOR) {
  process.stderr.write(
    `moderato: Node ${NEEDED_NODE_MAJOR} or newer is needed, and this is ${process.version} (${process.execPath})\n`,
  )
  process.exitCode = 1
} else {
  if (process.argv[2] === 'serve') exposeGc()
  keepCompiledCode()
  // A checkout has both while it is packed: its sources are what is meant there.
  const sources = new URL('main.ts', import.meta.url)
  await import((existsSync(sources) ? sources : new URL('../dist/proxy/main.js', import.meta.url)).href)
}
