/** The dashboard of those who set rules and decide. */
import { DurationSeconds, PercentUnit, RequestsPerSecond, Short } from '@grafana/grafana-foundation-sdk/units'
import type { Board, Row } from './panels.ts'
import { growth, of, rate } from './promql.ts'

/** Replicas share these: each tells the same number. */
const shared = (metric: string, legend: string) => ({ expr: `max(${of(metric)})`, legend })

const NOW: Row = {
  title: 'Now',
  panels: [
    {
      kind: 'numbers',
      title: 'In force',
      asks: 'What waits for people, what is stopped, what is lifted, and how many tasks are open?',
      unit: Short,
      width: 18,
      queries: [
        shared('moderato_approvals_pending', 'approvals wait'),
        shared('moderato_quarantines_active', 'agents in quarantine'),
        { expr: `max(sum by (instance) (${of('moderato_freezes_active')}))`, legend: 'freezes' },
        shared('moderato_breakglass_active', 'break-glasses'),
        shared('moderato_sessions_active', 'open tasks'),
      ],
    },
    {
      kind: 'numbers',
      title: 'Oldest approval',
      asks: 'How long has somebody waited for a decision? Red from 10 minutes.',
      unit: DurationSeconds,
      redFrom: 600,
      width: 6,
      queries: [shared('moderato_approval_oldest_seconds', 'waits for')],
    },
  ],
}

const PACE: Row = {
  title: 'Pace',
  panels: [
    {
      kind: 'lines',
      title: 'Fill of the emptiest bucket, by rule',
      asks: 'Which budget is used up? 0% means that the next call is held or throttled.',
      unit: PercentUnit,
      queries: [{ expr: `min by (rule) (${of('moderato_bucket_fill_ratio')})`, legend: '{{rule}}' }],
    },
    {
      kind: 'lines',
      title: 'Held and throttled calls, by rule',
      asks: 'Which rule slows agents down? Calls that are only held wait some seconds; throttled ones fail unless the SDK tries again.',
      unit: RequestsPerSecond,
      queries: ['holds', 'throttles'].map((deed) => ({
        expr: `sum by (rule) (${rate(`moderato_rule_${deed}_total`)})`,
        legend: `{{rule}}: ${deed}`,
      })),
    },
    {
      kind: 'table',
      title: 'Paced calls by class',
      asks: 'Does the pace fit the work? Many held or throttled calls of a class: the rule is tight, or an agent is in a loop.',
      unit: Short,
      queries: [
        { expr: `sort_desc(sum by (class, outcome) (${growth('moderato_pace_calls_total')}))`, legend: '' },
      ],
    },
    {
      kind: 'lines',
      title: 'Refusals by rule',
      asks: 'Which policy rule, freeze, window or quarantine refuses calls?',
      unit: RequestsPerSecond,
      queries: [
        {
          expr: `sum by (kind, rule) (${rate('moderato_rule_denials_total')})`,
          legend: '{{kind}}: {{rule}}',
        },
      ],
    },
  ],
}

const OBSERVE: Row = {
  title: 'Observe mode: what would have happened',
  panels: [
    {
      kind: 'table',
      title: 'By rule',
      asks: 'Which rules would stop calls once they are enforced? All zero where everything is enforced.',
      unit: Short,
      queries: [
        { expr: `sort_desc(sum by (rule, would) (${growth('moderato_rule_would_total')}))`, legend: '' },
      ],
    },
    {
      kind: 'table',
      title: 'By agent',
      asks: 'Who would notice? Empty where everything is enforced.',
      unit: Short,
      queries: [
        {
          expr: `sort_desc(sum by (agent, would, reason) (${growth('moderato_agent_would_total')}))`,
          legend: '',
        },
      ],
    },
  ],
}

const PEOPLE: Row = {
  title: 'People, tasks, findings',
  panels: [
    {
      kind: 'table',
      title: 'Rules that ask people',
      asks: 'What do people have to decide? A rule whose calls are always approved may not be needed.',
      unit: Short,
      width: 8,
      queries: [{ expr: `sort_desc(sum by (rule) (${growth('moderato_rule_asks_total')}))`, legend: '' }],
    },
    {
      kind: 'table',
      title: 'Decisions of people',
      asks: 'Are approvals given or denied, and by which way?',
      unit: Short,
      width: 8,
      queries: [
        { expr: `sum by (decision, channel) (${growth('moderato_approval_decisions_total')})`, legend: '' },
      ],
    },
    {
      kind: 'table',
      title: 'Drift: findings of watchers',
      asks: 'Did an agent act in a pattern that is not normal work?',
      unit: Short,
      width: 8,
      queries: [
        { expr: `sort_desc(sum by (detector, response) (${growth('moderato_drift_total')}))`, legend: '' },
      ],
    },
    {
      kind: 'table',
      title: 'Calls under a break-glass',
      asks: 'What was done while rules were lifted?',
      unit: Short,
      width: 8,
      queries: [
        {
          expr: `sort_desc(sum by (class, decision) (${growth('moderato_breakglass_calls_total')}))`,
          legend: '',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'Open tasks',
      asks: 'How many agents are at work?',
      unit: Short,
      width: 8,
      queries: [shared('moderato_sessions_active', 'open tasks')],
    },
    {
      kind: 'table',
      title: 'Revocations by cause',
      asks: 'How did tasks end: by themselves, by people, or by watchers?',
      unit: Short,
      width: 8,
      queries: [{ expr: `sum by (cause) (${growth('moderato_sessions_revoked_total')})`, legend: '' }],
    },
  ],
}

export const OPERATORS: Board = {
  uid: 'moderato-operators',
  title: 'Moderato: operators',
  description:
    'For those who set rules and decide: pace, observe mode, approvals, drift, break-glass, tasks.',
  rows: [NOW, PACE, OBSERVE, PEOPLE],
}
