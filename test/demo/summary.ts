/** Compares four independent counts of the same calls: agent, /metrics, audit log and sandbox cloud. */
import { setTimeout as sleep } from 'node:timers/promises'
import { readAudit, type AuditLine } from './audit-log.ts'
import type { Narrator } from './narrator.ts'
import { verifyAudit, type Proxy } from './proxy.ts'
import type { Sandbox } from './sandbox.ts'
import { heading, paint, print, seconds } from './terminal.ts'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

type Counts = ReadonlyMap<string, number>

/** Prints the counts and checks that they agree. */
export async function summarize(narrator: Narrator, proxy: Proxy, sandbox: Sandbox): Promise<void> {
  const samples = await scrape(proxy.admin)
  const audit = await settledAudit(proxy.auditDir)
  const decisions = audit.filter(({ phase }) => phase === 'decision')
  const agentSaw = countOf(
    narrator.attempts.map(({ attempt, record }) =>
      [record?.class, attempt.decision, record?.reason].join(' '),
    ),
  )
  const metered = meteredCounts(samples)
  const audited = countOf(decisions.map((each) => [each.class, each.decision, each.reason].join(' ')))
  heading('Agent, /metrics and the audit log count the same calls')
  table(agentSaw, metered, audited)
  narrator.check(same(agentSaw, metered), 'moderato_requests_total counts the decisions that the agent saw')
  narrator.check(same(agentSaw, audited), 'the audit log has one decision record for each of them')
  checkWaits(narrator, samples)
  checkSandbox(narrator, sandbox, audit)
  const { ok, text } = await verifyAudit(proxy.auditDir)
  print(paint('gray', `  $ moderato audit verify ${proxy.auditDir}\n  ${text}`))
  narrator.check(ok, 'the hash chain of the audit log is intact')
}

function checkWaits(narrator: Narrator, samples: readonly Sample[]): void {
  const metered = samples.filter(({ name }) => name === 'moderato_pace_wait_seconds_sum')
  const meteredMs = metered.reduce((sum, { value }) => sum + value, 0) * 1000
  const answers = narrator.attempts.filter(({ attempt }) => attempt.waitedMs !== undefined)
  const answeredMs = answers.reduce((sum, { attempt }) => sum + (attempt.waitedMs ?? 0), 0)
  narrator.check(
    // Answers carry whole milliseconds.
    Math.abs(meteredMs - answeredMs) <= answers.length,
    `total wait: ${seconds(meteredMs)} by moderato_pace_wait_seconds, ${seconds(answeredMs)} by the answers' headers`,
  )
}

function checkSandbox(narrator: Narrator, sandbox: Sandbox, audit: readonly AuditLine[]): void {
  const allowed = narrator.attempts.filter(({ attempt }) => attempt.decision === 'allow').length
  const outcomes = audit.filter(({ phase }) => phase === 'outcome').length
  narrator.check(
    sandbox.requests() === allowed && outcomes === allowed,
    `${allowed} calls were allowed; ${sandbox.requests()} reached the cloud; the audit log has ${outcomes} outcomes`,
  )
  narrator.check(
    sandbox.foreign() === 0,
    "Moderato signed each with its own key; the agent's key never reached the cloud",
  )
}

const row = (cells: readonly string[]): string =>
  cells.map((cell, index) => cell.padEnd([14, 10, 20, 7, 10][index] ?? 0)).join('')

function table(...[agentSaw, metered, audited]: [Counts, Counts, Counts]): void {
  print(paint('gray', `  ${row(['class', 'decision', 'reason', 'agent', '/metrics', 'audit'])}`))
  for (const key of [...new Set([...agentSaw.keys(), ...metered.keys(), ...audited.keys()])].sort()) {
    const counts = [agentSaw, metered, audited].map((each) => String(each.get(key) ?? 0))
    print(`  ${row([...key.split(' '), ...counts])}`)
  }
}

function meteredCounts(samples: readonly Sample[]): Counts {
  const counts = new Map<string, number>()
  for (const { name, labels, value } of samples) {
    if (name !== 'moderato_requests_total') continue
    const key = [labels['class'], labels['decision'], labels['reason']].join(' ')
    counts.set(key, (counts.get(key) ?? 0) + value)
  }
  return counts
}

/** Parses the text exposition format as far as Moderato's own metrics need. */
async function scrape(admin: string): Promise<Sample[]> {
  const answer = await fetch(`${admin}/metrics`)
  if (!answer.ok) throw new Error(`/metrics answered ${answer.status}`)
  return [...(await answer.text()).matchAll(/^(moderato_\w+)(?:\{(.*)\})? (\S+)$/gm)].map(
    ([, name = '', labels = '', value = '']) => ({
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text]),
      ),
      value: Number(value),
    }),
  )
}

/** Waits until the audit log does not grow any more: reads and outcomes are durable a moment after their answers. */
async function settledAudit(dir: string): Promise<AuditLine[]> {
  for (let before = -1; ; await sleep(300)) {
    const lines = await readAudit(dir)
    if (lines.length === before) return lines
    before = lines.length
  }
}

function countOf(keys: readonly string[]): Counts {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

function same(one: Counts, other: Counts): boolean {
  return one.size === other.size && [...one].every(([key, count]) => other.get(key) === count)
}
