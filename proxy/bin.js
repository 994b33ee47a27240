#!/usr/bin/env node
/**
 * Starts the `moderato` command, in a checkout and installed. It prepares Node and then loads `proxy/main.ts`. It is plain
 * JavaScript because Node strips no types inside node_modules, and because an older Node must be able to print its message.
 */
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The same version as `engines` in package.json. */
const NEEDED_NODE_MAJOR = 24
const GC_FLAG = '--expose-gc'

/**
 * Replaces this process by one with Node's `gc`, which `serve` needs for large bodies (`stream-memory.ts` says why). Process
 * id, streams and signals stay the same. Returns if there is nothing to do, or if the system cannot do it (Windows): then
 * `serve` gets `gc` by a slower method.
 */
function exposeGc() {
  if (globalThis.gc !== undefined || process.execArgv.includes(GC_FLAG)) return
  const command = [process.execPath, ...process.execArgv, GC_FLAG, fileURLToPath(import.meta.url)]
  try {
    process.execve(process.execPath, [...command, ...process.argv.slice(2)])
  } catch {
    // Goes on without it.
  }
}

/**
 * Makes Node cache compiled code, so that the command starts sooner. Another user of the machine could create Node's default
 * folder in /tmp first, with code of their own. So the cache is in a folder of this user, or there is none.
 */
function keepCompiledCode() {
  // oxlint-disable-next-line node/no-process-env -- the folder of caches is not a setting of the proxy
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const folder = join(cache, 'moderato', 'compiled')
  try {
    for (const each of [cache, dirname(folder), folder])
      if (!existsSync(each)) mkdirSync(each, { mode: 0o700 })
    if ([dirname(folder), folder].every(isOwn)) module.enableCompileCache(folder)
  } catch {
    // There is no home, or it cannot be written to: goes on without a cache.
  }
}

/** @param {string} folder */
function isOwn(folder) {
  const status = lstatSync(folder)
  return status.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o022) === 0
}

if (Number.parseInt(process.versions.node, 10) < NEEDED_NODE_MAJOR) {
  process.stderr.write(
    `moderato: needs Node ${NEEDED_NODE_MAJOR} or newer, but this is ${process.version} (${process.execPath})\n`,
  )
  process.exitCode = 1
} else {
  if (process.argv[2] === 'serve') exposeGc()
  keepCompiledCode()
  // A checkout has both while it is packed; then its sources count.
  const sources = new URL('main.ts', import.meta.url)
  await import((existsSync(sources) ? sources : new URL('../dist/proxy/main.js', import.meta.url)).href)
}
