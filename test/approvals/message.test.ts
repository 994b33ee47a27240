import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoredApproval } from '../../proxy/approvals/stored-approval.ts'
import { ShownApproval, jsonMessage, shownApproval, slackMessage } from '../../proxy/approvals/message.ts'
import { approvalOf, ASKED, NO } from './calls.ts'

const URL = 'http://127.0.0.1:8081/'
const ID = '0123456789abcdef0123456789abcdef'

function known(change: Parameters<typeof approvalOf>[0] = {}): StoredApproval {
  return { id: ID, approval: approvalOf(change), revision: 1, expiresAtMs: Date.UTC(2026, 10, 25) }
}

/** With one text in every place that an agent, or who may deny, can write into. */
function hostile(text: string): StoredApproval {
  return known({
    agent: text,
    task: { id: text, says: text, ticket: text },
    why: [text],
    facts: {
      ...ASKED.facts,
      resources: [text, text],
      resourceCount: 7,
      parameters: { tags: [text], force: true },
      host: text,
      region: text,
    },
    decisions: [{ ...NO, atMs: 0, reason: text }],
    voided: { atMs: 0, why: text },
  })
}

/** A task to be opened, with that text wherever its agent can write into. */
function hostileTask(text: string): StoredApproval {
  const opens = { may: [text, text], seconds: 901, role: text }
  const said = { intent: text, justification: text, ticket: text }
  return known({ agent: text, why: [text], facts: { ...ASKED.facts, opens: { ...opens, ...said } } })
}

const ATTACKS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '<!channel> <@U0ADMIN> <https://evil.example|Approve>',
  '*bold* _it_ `code` ~no~ :white_check_mark:',
  'x\ncan be undone: yes\nthe agent says (not checked): "fine"',
  '\u202eevitcurtsed\u202c\u200b\u0000\u001b[2J',
  '&lt;b&gt; &amp;',
  '"',
  '\\',
]

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : []
}

describe('an approval in words', () => {
  it('says what the parsed request says, in an order for people', () => {
    expect(shownApproval(known()).facts.map(([name]) => name)).toEqual([
      'operation',
      'actions',
      'resources',
      'things touched',
      'classes',
      'can be undone',
      'traits',
      'region',
      'account',
      'sent to',
      'agent',
      'needs',
    ])
    expect(Object.fromEntries(shownApproval(known()).facts)).toMatchObject({
      operation: 'dynamodb:DeleteTable',
      'can be undone': 'NO',
      resources: '"arn:aws:dynamodb:us-east-1:123456789012:table/orders"',
    })
  })

  it('marks what the agent says, and says how much it does not show', () => {
    const facts = Object.fromEntries(shownApproval(hostile('I may')).facts)
    expect(facts['the agent says (not checked)']).toBe('"I may"')
    expect(facts['resources']).toBe('"I may", "I may" and 5 more')
  })

  it('says of a task what it may do, for how long, and what its agent says of it', () => {
    const facts = Object.fromEntries(shownApproval(hostileTask('I may')).facts)
    expect(facts).toMatchObject({
      operation: 'dynamodb:DeleteTable',
      'the task may': '"I may", "I may"',
      for: '16 min, each time that it is opened',
      'the agent says (not checked)': '"I may"',
      'and why': '"I may"',
      'and names as ticket': '"I may"',
    })
    expect(facts['can be undone']).toBeUndefined()
  })

  it.each(ATTACKS)(
    'S18: shows %j in every field without a control, bidi or line-breaking character',
    (attack) => {
      const messages = [shownApproval(hostile(attack)), shownApproval(hostileTask(attack))]
      for (const message of messages) expect(ShownApproval.parse(message)).toEqual(message)
      for (const text of texts(messages)) {
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        // A quote of the attack never ends ours.
        if (attack === '"') expect(text.replaceAll('\\"', '').split('"').length % 2).toBe(1)
      }
    },
  )

  it.each(ATTACKS)('S18: gives Slack %j as plain text in which none of its own signs stands', (attack) => {
    const message = slackMessage(hostile(attack), URL) as {
      text: string
      blocks: { text?: { type: string } }[]
    }
    // What is read as markup holds nothing of the agent's.
    expect(message.text).toBe(`Moderato: approval ${ID} waits for a person.`)
    expect(message.blocks.flatMap(({ text }) => text?.type ?? [])).toEqual(['plain_text', 'plain_text'])
    for (const text of texts(message.blocks)) expect(text.replace(/&(amp|lt|gt);/g, '')).not.toMatch(/[<>&]/)
  })

  it('gives Slack a link that shows and decides nothing, within its bounds', () => {
    const message = slackMessage(hostile('&'.repeat(2_000)), URL)
    expect(texts(message)).toContain(`${URL}#${ID}`)
    expect(JSON.stringify(message)).not.toMatch(/"(value|action_id)"/)
    for (const text of texts(message)) expect(text.length).toBeLessThanOrEqual(3_000)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        for (const each of texts(slackMessage(hostile(text), URL)))
          expect(each.isWellFormed() && each.length <= 3_000).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('gives programs the same, with the digest that a callback must name', () => {
    expect(jsonMessage(known(), URL)).toEqual({
      type: 'approval_requested',
      url: `${URL}#${ID}`,
      ...shownApproval(known()),
    })
  })
})
