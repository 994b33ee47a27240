/** What every refusal leaves beside its answer: one decision record and moved counters. */
import { expect } from 'vitest'
import { DENIALS, type DenialReason } from '../../proxy/core/denial/table.ts'
import type { Thrown } from '../support/clients.ts'
import type { AuditLine, Proxy } from '../support/proxy.ts'

export interface RefusalCheck {
  /** How many calls of the test are refused with this reason. */
  readonly times?: number
  /** Further refusals may follow, as the client retries. */
  readonly atLeast?: boolean
  /** Counted as a failed signature too. */
  readonly signature?: boolean
}

/**
 * Runs what provokes a refusal; then the metrics must have moved by just that, and the audit log must hold as many
 * decision records with the reason. Resolves with what the provocation did, and the last of the records.
 */
export async function refused<Result>(
  proxy: Proxy,
  reason: DenialReason,
  provoke: () => Promise<Result>,
  { times = 1, atLeast = false, signature = false }: RefusalCheck = {},
): Promise<{ result: Result; record: AuditLine }> {
  const denialsBefore = await proxy.metric('moderato_denials_total', { reason })
  const requestsBefore = await proxy.metric('moderato_requests_total', { reason })
  const signaturesBefore = await proxy.metric('moderato_signature_failures_total', { reason })
  const recordsBefore = decisionsFor(proxy, reason).length
  const result = await provoke()
  const counted = await proxy.metric('moderato_denials_total', { reason })
  if (atLeast && counted > denialsBefore + times) times = counted - denialsBefore
  await proxy.metricReaches('moderato_denials_total', { reason }, denialsBefore + times)
  await proxy.metricReaches('moderato_requests_total', { reason }, requestsBefore + times)
  expect(await proxy.metric('moderato_signature_failures_total', { reason })).toBe(
    signaturesBefore + (signature ? times : 0),
  )
  await expect.poll(() => decisionsFor(proxy, reason).length, { timeout: 5000 }).toBe(recordsBefore + times)
  const record = decisionsFor(proxy, reason).at(-1)
  if (record === undefined) throw new Error('no record')
  expect(record.decision).toBe(DENIALS[reason].decision)
  expect(record).not.toHaveProperty('upstream')
  return { result, record }
}

/** Decision records, and outcome records of calls that failed after they were allowed. */
function decisionsFor(proxy: Proxy, reason: DenialReason): AuditLine[] {
  return proxy.records().filter((line) => line.reason === reason)
}

/** The next step of the table stands in what the SDK shows. */
export function expectNextStep(thrown: Pick<Thrown, 'message'>, reason: DenialReason): void {
  expect(thrown.message).toContain(DENIALS[reason].next)
}
