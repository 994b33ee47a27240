/** Shows one audit record as a line for people. */
import type { AuditRecord, WouldBe } from '../audit/record.ts'

type Chained = Partial<AuditRecord> & { readonly seq?: number; readonly time?: string }
type Parts = readonly (string | number | undefined)[]

/** Returns the record of a line of the log in words; text of agents cannot control the terminal. */
export function auditLine(line: string): string {
  let record: Chained
  try {
    record = JSON.parse(line) as Chained
  } catch {
    return visible(`not a record: ${line.slice(0, 200)}`)
  }
  const parts = [
    ...headOf(record),
    ...callParts(record),
    ...ruleParts(record),
    ...phaseParts(record),
    record.requestId,
  ]
  return visible(parts.filter((part) => part !== undefined).join(' '))
}

function headOf({
  seq,
  time,
  phase,
  decision,
  reason,
  service,
  operation,
  agent,
  ...record
}: Chained): Parts {
  const call = service === undefined ? undefined : `${service}:${operation ?? '-'}`
  return [seq, time, phase, decision, reason === 'none' ? undefined : reason, record.class, call, agent]
}

function callParts({ count, omitted, waitedMs, upstream }: Chained): Parts {
  return [
    count !== undefined && count > 1 ? `count=${count}` : undefined,
    omitted === undefined ? undefined : `omitted=${omitted}`,
    waitedMs !== undefined && waitedMs > 0 ? `waited=${waitedMs}ms` : undefined,
    upstream?.status === undefined ? undefined : `upstream=${upstream.status}`,
  ]
}

function ruleParts({ decision, paceRules, rules, overrides, would }: Chained): Parts {
  const held = decision === 'allow' ? paceRules : undefined
  return [
    held === undefined ? undefined : `held-by=${held.join()}`,
    rules === undefined ? undefined : `by=${rules.join()}`,
    overrides === undefined ? undefined : `classes-from=${overrides.join()}`,
    ...wouldParts(would),
  ]
}

/** Marks what observe mode, or a rule that observes, let through: `WOULD-DENY=policy_denied(rule)`. */
function wouldParts({ deny, ask, throttle }: NonNullable<AuditRecord['would']> = {}): Parts {
  const part = (what: string, said: WouldBe | undefined): string | undefined =>
    said && `WOULD-${what}=${said.reason}(${said.rules.join()})`
  const isHeld = throttle?.waitMs !== undefined
  return [
    part('DENY', deny),
    part('ASK', ask),
    part(isHeld ? `WAIT-${throttle.waitMs}ms` : 'THROTTLE', throttle),
  ]
}

function phaseParts({ drift, detail, admin, config, refusals, refused }: Chained): Parts {
  return [
    drift === undefined ? undefined : `${drift.detector} (${drift.response}): ${detail ?? ''}`,
    admin === undefined ? undefined : `${admin.does} by ${admin.subject}`,
    config === undefined ? undefined : JSON.stringify(config),
    refusals === undefined ? undefined : JSON.stringify(refusals),
    refused === undefined ? undefined : `from ${refused.from} until ${refused.until}`,
  ]
}

/** Shows control, bidirectional and invisible characters as `\u{...}`. */
function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
