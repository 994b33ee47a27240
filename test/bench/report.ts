/** The benchmark's result for people. */
import type { BenchResult } from './result.ts'
import type { HeldRow } from './held.ts'
import type { Row } from './rounds.ts'
import type { UploadRow } from './uploads.ts'

const WIDTHS = [34, 12, 10, 10, 16, 7, 9, 12, 14]

export function report(result: BenchResult): string {
  const { rows, start, commands, micro, chunks, state, uploads, held, node, pinned, connections, rounds } =
    result
  const [bare] = rows
  const lines = [
    `Node ${node}; ${pinned ? 'proxies on one core, load and upstream on another' : 'NOT pinned to cores: compare with care'}`,
    `${connections} connections, closed loop; medians of ${rounds} interleaved rounds`,
    '',
    row([
      '',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'CPU s per 1,000',
      'busy',
      'RSS MiB',
      'of undici',
      'added CPU us',
    ]),
    ...rows.map((each) => row(cells(each, bare))),
    '',
    ...Object.entries(start).map(
      ([which, { listeningMs, rssMiB }]) =>
        `start to listening, ${which}: ${listeningMs.toFixed(0)} ms, then ${rssMiB.toFixed(0)} MiB resident`,
    ),
    '',
    'a command from start to end, beside the time of npm',
    ...commands.map(({ name, ms }) => `  ${name.padEnd(64)} ${ms.toFixed(0).padStart(6)} ms`),
    '',
    'CPU of one call in each stage, microseconds',
    ...micro.map(({ name, microseconds }) => `  ${name.padEnd(44)} ${microseconds.toFixed(2).padStart(8)}`),
    '',
    'state: one decision until its answer, and memory',
    ...state.map(({ name, value, unit }) => `  ${name.padEnd(44)} ${value.toFixed(1).padStart(10)} ${unit}`),
    '',
    'large uploads, one at a time',
    ...uploads.map((each) => uploadText(each, uploads[0])),
    '',
    'calls that wait for their turn',
    ...held.map((each) => heldText(each, held[0])),
    '',
    'a body through the check alone, MB for a second of CPU',
    ...chunks.map(
      ({ name, megabytesPerSecond }) => `  ${name.padEnd(44)} ${megabytesPerSecond.toFixed(0).padStart(8)}`,
    ),
  ]
  const failed = rows.filter(({ failures }) => failures > 0)
  for (const { name, failures } of failed) lines.push(`VOID: ${name} had ${failures} failures`)
  return `${lines.join('\n')}\n`
}

function heldText({ name, held, startMiB, heldMiB, busy }: HeldRow, bare?: HeldRow): string {
  const grown = heldMiB - startMiB
  const above = grown - ((bare?.heldMiB ?? NaN) - (bare?.startMiB ?? NaN))
  const memory = `${startMiB.toFixed(0)} MiB at start, ${grown.toFixed(0)} more, ${above.toFixed(0)} above bare`
  return `  ${name.padEnd(44)} ${String(held).padStart(6)} held: ${memory}; busy ${busy.toFixed(3)}`
}

function uploadText(
  { name, megabytesPerSecond, cpuSecondsPerGigabyte, busy }: UploadRow,
  bare?: UploadRow,
): string {
  const ratio = megabytesPerSecond / (bare?.megabytesPerSecond ?? NaN)
  const speed = `${megabytesPerSecond.toFixed(0).padStart(6)} MB/s, ${ratio.toFixed(2)} of bare`
  return `  ${name.padEnd(44)} ${speed}; ${cpuSecondsPerGigabyte.toFixed(2)} CPU s per GB, busy ${busy.toFixed(2)}`
}

function cells(each: Row, bare: Row | undefined): string[] {
  const ratio = each.requestsPerSecond / (bare?.requestsPerSecond ?? NaN)
  const addedMicroseconds = (each.cpuSecondsPer1000 - (bare?.cpuSecondsPer1000 ?? NaN)) * 1000
  return [
    each.name,
    each.requestsPerSecond.toFixed(0),
    each.p50Ms.toFixed(2),
    each.p99Ms.toFixed(2),
    each.cpuSecondsPer1000.toFixed(4),
    each.busy.toFixed(2),
    each.rssMiB.toFixed(0),
    ratio.toFixed(2),
    addedMicroseconds.toFixed(1),
  ]
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => (index === 0 ? cell.padEnd(WIDTHS[0] ?? 0) : cell.padStart(WIDTHS[index] ?? 0)))
    .join('')
}
