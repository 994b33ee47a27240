/**
 * Writes the log where the process's standard error goes, and never waits for its reader.
 *
 * A line is written at once, so that nothing is lost when the process dies. If the reader is slow, lines wait in a bounded
 * buffer; what finds no room there is lost, and counted.
 */
import { constants, fstatSync, openSync } from 'node:fs'
import pino from 'pino'

const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
const BUFFER_BYTES = 1024 * 1024
const RETRY_MS = 20

export interface LogDestinationOptions {
  /** The file descriptor; standard error by default. */
  readonly fd?: number
  readonly bufferBytes?: number
  /** Called for each line that is lost. */
  readonly lost: () => void
  /** Called when all that waited has been read, with the number of lines that were lost meanwhile; never with 0. */
  readonly readAgain: (lines: number) => void
}

/** Takes lines for the log. */
export interface LogDestination {
  write(line: string): void
  /** Writes what waits, as far as the reader takes it now. */
  readonly flush: () => void
}

/** Opens the destination. It holds no process alive. */
export function logDestination(options: LogDestinationOptions): LogDestination {
  const { fd = 2, bufferBytes = BUFFER_BYTES, lost, readAgain } = options
  const stream = pino.destination({
    dest: nonBlocking(fd),
    sync: true,
    maxLength: bufferBytes,
    // Its own way is to sleep until the reader comes back, with the whole process.
    retryEAGAIN: () => false,
  })
  let lostLines = 0
  /** True while lines wait for the reader. */
  let waits = false
  let retry: NodeJS.Timeout | undefined
  stream.on('drop', () => {
    lostLines += 1
    lost()
  })
  // The library's own listener stops for good where the reader is gone. Another may come: of a named pipe, for example.
  stream.removeAllListeners('error')
  stream.on('error', () => {
    waits = true
    retry ??= setTimeout(() => {
      retry = undefined
      stream.write('')
    }, RETRY_MS).unref()
  })
  stream.on('write', () => {
    waits = false
  })
  stream.on('drain', () => {
    // It comes a tick late: the reader may have stopped again since.
    if (waits || lostLines === 0) return
    const lines = lostLines
    lostLines = 0
    readAgain(lines)
  })
  return { write: (line) => void stream.write(line), flush: () => void stream.write('') }
}

/**
 * Returns a descriptor whose writes fail instead of waiting. A pipe or a terminal is opened once more (proc(5),
 * `/proc/self/fd`): a flag on the one that is there would hold for other processes that share it, too. A socket cannot
 * be opened so; libuv sets the flag when Node makes a stream of it. Writing to a file waits for no reader.
 */
function nonBlocking(fd: number): number {
  if (fstatSync(fd).isFile()) return fd
  try {
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY)
  } catch {
    if (fd === process.stderr.fd) return fd
    throw new Error(`the file descriptor ${fd} cannot be written without waiting`)
  }
}
