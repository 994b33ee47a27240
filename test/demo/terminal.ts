/** Formats the output of the demo. Colours follow NO_COLOR, FORCE_COLOR and whether standard output is a terminal. */
import { styleText } from 'node:util'
import type { Attempt } from './agent.ts'
import type { AuditLine } from './audit-log.ts'

const CLEAR = '\r\x1b[K'

type Style = Parameters<typeof styleText>[0]

export const paint = (style: Style, text: string): string => styleText(style, text)
/** Prints a line over the progress that `ticking` shows. */
export const print = (text = ''): void =>
  void process.stdout.write(`${process.stdout.isTTY ? CLEAR : ''}${text}\n`)

const DECISIONS: Readonly<Record<string, Style>> = { allow: 'green', throttle: 'yellow', deny: 'red' }
const CLASSES: Readonly<Record<string, Style>> = {
  read: 'gray',
  list: 'gray',
  write: 'cyan',
  'data-delete': 'magenta',
  destructive: 'magenta',
}
const MESSAGE_COLUMNS = 90
const WAIT_COLUMNS = 13

export function heading(title: string, ...lines: readonly string[]): void {
  print(`\n${paint('bold', title)}`)
  for (const line of lines) print(paint('gray', `  ${line}`))
}

export const columns = (): string =>
  paint(
    'gray',
    `  ${'at'.padStart(6)}  ${'call'.padEnd(38)} ${'class'.padEnd(12)} ${'decision'.padEnd(9)} wait`,
  )

/** Formats one attempt on one line. Its class is read from its audit record. */
export function attemptLine(atMs: number, attempt: Attempt, record: AuditLine | undefined): string {
  const { operation, target, number, decision, error } = attempt
  const call = `${operation} ${target}${number > 1 ? ` (try ${number})` : ''}`
  const label = record?.class ?? '(no record)'
  return [
    ` ${seconds(atMs).padStart(7)} `,
    call.padEnd(38),
    paint(CLASSES[label] ?? 'red', label.padEnd(12)),
    paint(DECISIONS[decision] ?? 'red', (decision || 'none').padEnd(9)),
    waitOf(attempt),
    paint('gray', error?.name ?? ''),
  ].join(' ')
}

/** Formats the whole message of an error answer. */
export function errorLines({ decision, error }: Attempt): string {
  const words = error?.message.split(' ') ?? []
  const lines = ['']
  for (const word of words) {
    const line = `${lines.at(-1)} ${word}`
    if (line.length > MESSAGE_COLUMNS) lines.push(` ${word}`)
    else lines[lines.length - 1] = line
  }
  return paint(DECISIONS[decision] ?? 'red', lines.map((line) => `${' '.repeat(10)}${line}`).join('\n'))
}

function waitOf({ waitedMs, decision, retryAfter }: Attempt): string {
  if (decision === 'throttle') return paint('yellow', `retry in ${retryAfter ?? '?'} s`.padEnd(WAIT_COLUMNS))
  if (waitedMs === undefined || waitedMs === 0) return paint('gray', '-'.padEnd(WAIT_COLUMNS))
  return paint(['yellow', 'bold'], `waited ${seconds(waitedMs)}`.padEnd(WAIT_COLUMNS))
}

/** Shows on a terminal that a call runs, and for how long, until the returned function is called. */
export function ticking(what: string): () => void {
  if (!process.stdout.isTTY) return () => undefined
  const startedMs = performance.now()
  const timer = setInterval(() => {
    process.stdout.write(
      `${CLEAR}${paint('yellow', `          ... ${what}, ${seconds(performance.now() - startedMs)}`)}`,
    )
  }, 200)
  return () => {
    clearInterval(timer)
    process.stdout.write(CLEAR)
  }
}

export function checkLine(holds: boolean, what: string): string {
  return holds ? `  ${paint('green', '✓')} ${what}` : `  ${paint(['red', 'bold'], '✗')} ${paint('red', what)}`
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
