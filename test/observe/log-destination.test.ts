import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { logDestination } from '../../proxy/observe/log-destination.ts'

const LINE = `${JSON.stringify({ msg: 'x'.repeat(1_000) })}\n`

/** A pipe with a name that both ends have open; nobody reads yet. */
function pipe() {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-log-'))
  const path = join(folder, 'log')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  // Blocking, as a shell gives it.
  const fd = openSync(path, 'w')
  onTestFinished(() => {
    closeSync(reader)
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })
  const read = (): string => {
    const buffer = Buffer.alloc(1 << 20)
    let text = ''
    for (;;) {
      try {
        const bytes = readSync(reader, buffer)
        if (bytes === 0) return text
        text += buffer.toString('utf8', 0, bytes)
      } catch {
        return text
      }
    }
  }
  return { fd, read }
}

function opened(fd: number, bufferBytes?: number) {
  const told: number[] = []
  let lost = 0
  const destination = logDestination({
    fd,
    ...(bufferBytes === undefined ? {} : { bufferBytes }),
    lost: () => (lost += 1),
    readAgain: (lines) => told.push(lines),
  })
  return { destination, told, lost: () => lost }
}

describe('logDestination', () => {
  it('writes a line at once', () => {
    const { fd, read } = pipe()
    opened(fd).destination.write('one\n')
    expect(read()).toBe('one\n')
  })

  it('writes to a file as it is', () => {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-log-'))
    const fd = openSync(join(folder, 'log'), 'a')
    opened(fd).destination.write('one\n')
    expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('one\n')
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })

  it('waits for no reader, counts what finds no room, and says it once when all is read', async () => {
    const { fd, read } = pipe()
    const { destination, told, lost } = opened(fd, 100_000)
    for (let i = 0; i < 1_000; i += 1) destination.write(LINE)
    expect(lost()).toBeGreaterThan(700)
    expect(told).toEqual([])
    let text = ''
    await expect
      .poll(
        () => {
          text += read()
          return told
        },
        { interval: 20 },
      )
      .toEqual([lost()])
    text += read()
    const lines = text.split('\n').filter((line) => line !== '')
    expect(lines.length + lost()).toBe(1_000)
    // What was not lost came whole, and in order.
    expect(lines.every((line) => `${line}\n` === LINE)).toBe(true)
    destination.write(LINE)
    expect([read(), told.length]).toEqual([LINE, 1])
  })

  it('begins anew for another reader', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-log-'))
    const path = join(folder, 'log')
    execFileSync('mkfifo', [path])
    const first = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const fd = openSync(path, 'w')
    const { destination } = opened(fd)
    closeSync(first)
    destination.write('while nobody is there\n')
    const second = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const buffer = Buffer.alloc(1_000)
    await expect
      .poll(
        () => {
          destination.flush()
          return buffer.toString('utf8', 0, readSync(second, buffer))
        },
        { interval: 20 },
      )
      .toBe('while nobody is there\n')
    for (const each of [second, fd]) closeSync(each)
    rmSync(folder, { recursive: true })
  })
})
