import { describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { SEED, sized } from '../support/sample.ts'
import { runCampaign } from './run.ts'
import { readRequests, toBytes, type Draft } from './http-message.ts'
import { referenceVerdict } from './reference-verifier.ts'
import { signDraft } from './signer.ts'
import { TEMPLATES } from './templates.ts'

const NOW_MS = Date.UTC(2026, 2, 4, 5, 6, 7)

function verdictOf(draft: Draft, nowMs = NOW_MS): string {
  const [request] = readRequests(toBytes(draft))
  if (request === undefined) return 'unreadable'
  const secrets = new Map([[BUILDER.accessKeyId, BUILDER.secretAccessKey]])
  const verdict = referenceVerdict(request, { secrets, nowMs })
  return verdict.accepted ? 'accepted' : verdict.why
}

describe('the reference verifier', () => {
  const signed = TEMPLATES.map((each) => signDraft(each, BUILDER, { host: 'moderato.test', nowMs: NOW_MS }))

  it('accepts every kind of request that the campaign starts from', () => {
    expect(signed.map((each) => verdictOf(each))).toEqual(signed.map(() => 'accepted'))
  })

  it('refuses each of them an hour later', () => {
    expect(signed.map((each) => verdictOf(each, NOW_MS + 3_600_000))).not.toContain('accepted')
  })

  it('refuses each of them on another path, with another body, and with a field more', () => {
    for (const draft of signed) {
      expect(verdictOf({ ...draft, target: `/x${draft.target}` })).toBe('signature')
      expect(verdictOf({ ...draft, headers: [...draft.headers, ['x-amz-acl', 'private']] })).not.toBe(
        'accepted',
      )
      if (draft.body.length === 0 || draft.target.includes('X-Amz-Signature')) continue
      const body = Buffer.from(draft.body)
      const at = Math.max(0, body.length - 7)
      body[at] = (body[at] ?? 0) ^ 1
      const isUnsigned = draft.headers.some(([, value]) => value === 'UNSIGNED-PAYLOAD')
      expect(verdictOf({ ...draft, body }) === 'accepted').toBe(isUnsigned)
    }
  })
})

describe('a campaign of mutated requests', () => {
  const count = sized(10_000, 2_000)

  it('gets nothing through that the reference refuses', { timeout: 120_000 }, async () => {
    const { result, endsWell } = await runCampaign({ seed: SEED, count, connections: 24 })
    const { findings, sent, forwarded, answers } = result
    console.info(`fuzz, seed ${SEED}: ${JSON.stringify({ sent, forwarded, answers })}`)
    expect(findings).toEqual([])
    expect(endsWell).toBe(true)
    expect(sent).toBeGreaterThanOrEqual(count)
    // A campaign of which nothing came through, or all, would prove nothing.
    expect(forwarded / sent).toBeGreaterThan(0.15)
    expect(forwarded / sent).toBeLessThan(0.6)
  })
})
