/** Reads the Prometheus rules of the chart. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { ROOT } from './markdown.ts'

const Rule = z.union([
  z.strictObject({
    alert: z.string(),
    expr: z.string(),
    for: z.string().optional(),
    labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
    annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
  }),
  z.strictObject({ record: z.string(), expr: z.string() }),
])
type Rule = z.output<typeof Rule>
export type AlertRule = Extract<Rule, { alert: string }>

const File = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(Rule).min(1) })),
})

/** The files, from the root of the checkout. */
export const RULE_FILES: readonly string[] = globSync('helm/moderato/rules/*.yaml', { cwd: ROOT }).toSorted()

/** Returns the rules of every file. */
export function rules(): readonly Rule[] {
  return RULE_FILES.flatMap((file) =>
    File.parse(parse(readFileSync(join(ROOT, file), 'utf8'))).groups.flatMap(({ rules }) => rules),
  )
}

export function alertRules(): readonly AlertRule[] {
  return rules().flatMap((rule) => ('alert' in rule ? [rule] : []))
}
