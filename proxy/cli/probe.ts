/**
 * Tries what a process can reach. It runs as the user of a later command, reads from standard input what must not be
 * reachable, and prints what it reached. It imports only Node's own modules, so that a user who can read little can run
 * it.
 */
import { accessSync, constants, openSync, closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'

/** Lists what must not be reachable. */
export interface Probed {
  readonly files: readonly { readonly path: string; readonly what: string }[]
  readonly ports: readonly { readonly host: string; readonly port: number; readonly what: string }[]
  /** Ports of this machine; the processes that listen on them must not be readable. */
  readonly listeners: readonly { readonly port: number; readonly what: string }[]
  readonly processes: readonly { readonly pid: number; readonly what: string }[]
}

const ANSWERS_WITHIN_MS = 1_000

/** Returns a text for each thing that this process can reach. */
export async function reached({ files, ports, listeners, processes }: Probed): Promise<string[]> {
  const open = await Promise.all(ports.map(portReached))
  return [
    ...files.flatMap(fileReached),
    ...open.flat(),
    ...listeners.flatMap(({ port, what }) =>
      pidsListening(port).map((pid) => `the memory and environment of ${what} (process ${pid})`),
    ),
    ...processes.flatMap(({ pid, what }) => (isReadable(`/proc/${pid}/environ`) ? [what] : [])),
  ]
}

function fileReached({ path, what }: Probed['files'][number]): string[] {
  if (isReadable(path)) return [`${what}: ${path}`]
  return isWritable(path) ? [`${what}, which it can write: ${path}`] : []
}

function isReadable(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
    return true
  } catch {
    return false
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function portReached({ host, port, what }: Probed['ports'][number]): Promise<string[]> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWERS_WITHIN_MS })
    const answer = (found: string[]): void => {
      socket.destroy()
      resolve(found)
    }
    socket
      .once('connect', () => answer([`${what}: ${host}:${port}`]))
      .once('timeout', () => answer([]))
      .once('error', () => answer([]))
  })
}

/** Returns listening processes whose open files are visible: their memory is readable too (proc(5): both need the same right). */
function pidsListening(port: number): number[] {
  const sockets = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => inodesListening(table, port)),
  )
  if (sockets.size === 0) return []
  return listOf('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => listOf(`/proc/${pid}/fd`).some((fd) => sockets.has(linkOf(`/proc/${pid}/fd/${fd}`))))
    .map(Number)
}

/** Parses a table of sockets: `sl local_address rem_address st ... inode`, ports in hex; `0A` means listening. */
function inodesListening(table: string, port: number): string[] {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  let text = ''
  try {
    text = readFileSync(table, 'utf8')
  } catch {
    return []
  }
  return text.split('\n').flatMap((line) => {
    const cells = line.trim().split(/\s+/)
    return cells[1]?.endsWith(hex) === true && cells[3] === '0A' ? [`socket:[${cells[9]}]`] : []
  })
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

// Node 24.0 and 24.1 have no import.meta.main.
if (process.argv[1] === import.meta.filename) {
  process.stdout.write(JSON.stringify(await reached(JSON.parse(readFileSync(0, 'utf8')) as Probed)))
}
