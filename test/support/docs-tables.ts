/** Writes the generated tables of docs/ from the code, between their markers: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { isReloaded } from '../../proxy/config/diff.ts'
import { environmentWords } from '../../proxy/config/environment.ts'
import { ConfigSchema } from '../../proxy/config/schema/config.ts'
import { SETTINGS } from '../../proxy/config/settings.ts'
import { DETECTOR_NAMES, DETECTOR_SETTINGS, watch as WatchSchema } from '../../proxy/config/schema/watch.ts'
import { DENIALS } from '../../proxy/core/denial/table.ts'
import { createMetrics } from '../../proxy/observe/metrics.ts'
import { UNSIGNED_HEADERS, type UnsignedTreatment } from '../../proxy/sigv4/unsigned-headers.ts'
import { ROOT } from './markdown.ts'

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

function denials(): string {
  return table(
    ['reason', 'code', 'status', 'retried by SDKs', 'next step'],
    Object.entries(DENIALS).map(([reason, row]) => [
      `\`${reason}\``,
      row.code,
      String(row.status),
      row.retryable ? 'yes' : 'no',
      row.next,
    ]),
  )
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly default?: unknown
  readonly description?: string
}

/** Returns every setting of the schema by its path. A group named in `whole` is one setting; the others are listed. */
export function settings(whole: ReadonlySet<string> = new Set()): readonly (readonly [string, Schema])[] {
  const visit = (schema: Schema, before: string): (readonly [string, Schema])[] =>
    Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
      const path = `${before}${key}`
      const isGroup = inner.properties !== undefined && !whole.has(path)
      const below = isGroup ? visit(inner, `${path}.`) : []
      return below.length === 0 ? [[path, inner] as const] : below
    })
  return visit(z.toJSONSchema(ConfigSchema, { io: 'input', unrepresentable: 'any' }) as Schema, '')
}

function configuration(): string {
  const rows = settings(new Set(['upstream.credentials', 'watch.detectors']))
    .filter(([path]) => !LATER.has(path))
    .map(([path, { default: value, description }]) => [
      `\`${path}\``,
      value === undefined || path === 'watch.detectors' ? '' : `\`${JSON.stringify(value)}\``,
      isReloaded(path) ? 'reload' : 'restart',
      environmentOf(path),
      description ?? '',
    ])
  return table(['setting', 'default', 'changed by', 'environment', ''], rows)
}

function environmentOf(path: string): string {
  const named = [...SETTINGS.list, ...SETTINGS.optionalGroups].find((each) => each.path === path)
  return named === undefined ? '' : environmentWords(named)
}

const LATER = new Set(['listen.intercept'])

/** Returns each detector with its own parameters and their defaults, as a user would write them. */
function detectors(): string {
  const defaults = WatchSchema.parse({}).detectors
  const rows = DETECTOR_NAMES.map((name) => {
    const { response: _, factor: __, for: lasts, ...own } = defaults[name]
    const parameters = Object.entries({ ...own, ...(lasts === undefined ? {} : { for: lasts }) })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `\`${key}: ${written(key, value)}\``)
    return [`\`${name}\``, DETECTOR_SETTINGS[name].description ?? '', parameters.join(', ')]
  })
  return table(['detector', 'finds', 'parameters'], rows)
}

/** Durations are recognized by their names. */
function written(key: string, value: unknown): string {
  const isTime = /^(within|learn|for)$|Within$/.test(key)
  if (!isTime || typeof value !== 'number') return JSON.stringify(value)
  return value % 60_000 === 0 ? `${value / 60_000}m` : `${value / 1_000}s`
}

async function metrics(): Promise<string> {
  const text = await createMetrics({ services: new Set() }).text()
  const rows = [...text.matchAll(/^# HELP (moderato_\w+) (.*)\n# TYPE \w+ (\w+)$/gm)]
  return table(
    ['metric', 'type', ''],
    rows.map(([, name = '', help = '', type = '']) => [`\`${name}\``, type, help]),
  )
}

const FATES: Readonly<Record<UnsignedTreatment, string>> = {
  forward: 'goes on, decides nothing',
  connection: 'ends here; Moderato writes its own',
  reading: 'goes on with GET and HEAD, refused otherwise',
  object: 'goes on to S3, dropped otherwise',
  coding: 'goes on to S3, refused otherwise',
  type: 'goes on where it fits, refused otherwise',
  refuse: 'refused (`unsigned_header`)',
  drop: 'dropped',
}

function unsignedHeaders(): string {
  return table(
    ['unsigned header', 'what happens', 'why'],
    UNSIGNED_HEADERS.map(({ names, treatment, why }) => [
      names.map((name) => (name === '*' ? 'any other' : `\`${name}\``)).join(', '),
      FATES[treatment],
      why,
    ]),
  )
}

const TABLES: Readonly<Record<string, { readonly file: string; write(): Promise<string> | string }>> = {
  denials: { file: 'docs/refusals.md', write: denials },
  configuration: { file: 'docs/configuration.md', write: configuration },
  detectors: { file: 'docs/watchers.md', write: detectors },
  metrics: { file: 'docs/metrics.md', write: metrics },
  'unsigned headers': { file: 'docs/signing.md', write: unsignedHeaders },
}

export interface GeneratedPage {
  readonly file: string
  readonly is: string
  /** The page as the code generates it. */
  readonly mustBe: string
}

/** Returns each page that has a generated table. Throws if a page lacks the table's markers. */
export async function generatedPages(): Promise<readonly GeneratedPage[]> {
  return Promise.all(
    Object.entries(TABLES).map(async ([name, { file, ...table }]) => {
      const is = readFileSync(join(ROOT, file), 'utf8')
      const between = new RegExp(`(<!-- ${name}:begin -->\\n)[^]*?(<!-- ${name}:end -->)`)
      if (!between.test(is)) throw new Error(`${file} lacks the markers ${name}:begin and ${name}:end`)
      const text = await table.write()
      const mustBe = is.replace(between, (_, begin: string, end: string) => `${begin}${text}\n${end}`)
      return { file, is, mustBe }
    }),
  )
}

if (import.meta.main)
  for (const { file, mustBe } of await generatedPages()) writeFileSync(join(ROOT, file), mustBe)
