/** The alerts of the chart: each fires in test/helm/alerts.yaml, and leads to a section that says what to do. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toString } from 'mdast-util-to-string'
import GithubSlugger from 'github-slugger'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { chapterBlocks, page, ROOT } from '../support/markdown.ts'
import { alertRules, RULE_FILES, rules } from '../support/rules.ts'
import { missing, PROMTOOL } from '../support/tools.ts'

const ALERTS = alertRules()
const RUNBOOKS = 'docs/runbooks.md'
const PARTS = ['**What it means.**', '**Look at.**', '**Do.**']
const CASES = 'test/helm/alerts.yaml'
const Cases = z.object({
  tests: z.array(
    z.object({
      alert_rule_test: z
        .array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()).default([]) }))
        .default([]),
    }),
  ),
})

/** Returns the text below each heading of the third level, by its anchor. */
function runbooks(): ReadonlyMap<string, string> {
  const text = readFileSync(join(ROOT, RUNBOOKS), 'utf8')
  const headings = page(RUNBOOKS).children.filter((node) => node.type === 'heading')
  const slugger = new GithubSlugger()
  const found = new Map<string, string>()
  for (const [index, heading] of headings.entries()) {
    const anchor = slugger.slug(toString(heading))
    const from = heading.position?.end.offset ?? 0
    const section = text.slice(from, headings[index + 1]?.position?.start.offset)
    if (heading.depth === 3) found.set(anchor, section)
  }
  return found
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

describe('the alerts', () => {
  const sections = runbooks()

  it.each(ALERTS)('$alert leads to its runbook', ({ alert, annotations: { runbook_url: url } }) => {
    const [file, anchor = ''] = url.split('#')
    expect({ file, anchor }).toEqual({ file: RUNBOOKS, anchor: alert.toLowerCase() })
    const places = PARTS.map((part) => (sections.get(anchor) ?? '').indexOf(part))
    expect(places.every((at) => at >= 0)).toBe(true)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  it('are all that has a runbook', () => {
    expect([...sections.keys()].toSorted()).toEqual(ALERTS.map(({ alert }) => alert.toLowerCase()).toSorted())
  })

  it('include the questions of docs/metrics.md that need a person', () => {
    const asked = chapterBlocks('docs/metrics.md', '## Questions', 'promql').slice(-7)
    const expressions = ALERTS.map(({ expr }) => oneLine(expr).replace(/^max by \(job\) \((\w+)\)/, '$1'))
    for (const block of asked) expect(expressions).toContain(oneLine(block.replace(/^#.*\n/, '')))
    expect(asked[0]).toContain('An approval waits')
  })

  it('ask for what exists', () => {
    const docs = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8')
    const known = new Set([
      ...[...docs.matchAll(/^\| `(moderato_\w+)` \|/gm)].map(([, name = '']) => name),
      ...rules().flatMap((rule) => ('record' in rule ? [rule.record] : [])),
    ])
    const asked = rules().flatMap(({ expr }) =>
      [...expr.matchAll(/(?<![\w:])(?:\w+:)?moderato_\w+(?::\w+)?/g)].map(([name]) => name),
    )
    expect(asked.length).toBeGreaterThan(ALERTS.length)
    expect(asked.filter((name) => !known.has(name) && !known.has(name.replace(/_count$/, '')))).toEqual([])
  })

  it('show what an agent chose in quotes', () => {
    for (const { annotations } of ALERTS)
      expect(JSON.stringify(annotations)).not.toMatch(/\$labels\.agent(?! \| printf \\"%q\\")/)
  })

  it('each fire in a test, and are quiet before', () => {
    const { tests } = Cases.parse(parse(readFileSync(join(ROOT, CASES), 'utf8')))
    const tried = tests.flatMap(({ alert_rule_test: each }) => each)
    const names = ALERTS.map(({ alert }) => alert).toSorted()
    for (const fires of [true, false]) {
      const found = tried.filter(({ exp_alerts: alerts }) => alerts.length > 0 === fires)
      expect([...new Set(found.map(({ alertname }) => alertname))].toSorted()).toEqual(names)
    }
  })
})

describe.skipIf(missing(PROMTOOL))('promtool', () => {
  const promtool = (...args: readonly string[]) =>
    spawnSync('promtool', args, { cwd: ROOT, encoding: 'utf8' })

  it('finds no fault in the rules', () => {
    const { status, stderr } = promtool('check', 'rules', '--lint=all', '--lint-fatal', ...RULE_FILES)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  it('sees each alert fire', () => {
    const { status, stdout, stderr } = promtool('test', 'rules', CASES)
    expect({ status, stdout, stderr }).toMatchObject({ status: 0, stderr: '' })
  })
})
