/** The dashboard of those who respond to an incident: one agent at a time. */
import { RequestsPerSecond, Short } from '@grafana/grafana-foundation-sdk/units'
import type { Board, Row } from './panels.ts'
import { growth, of, rate } from './promql.ts'

/** The chosen agents. Grafana escapes them, since more than one may be chosen. */
const AGENT = 'agent=~"$agent"'

const HELP = `**Stop it:** \`moderato quarantine add AGENT --reason "..." --config moderato.yaml\`. Stop everything:
\`moderato freeze all --reason "..." --config moderato.yaml\`.

**See what it did:** metrics name no resources. The audit log names each call with its task, resource and AWS request id:
\`moderato audit tail --config moderato.yaml\`.

**Then** follow the runbook of the alert: docs/runbooks.md.`

const ALL: Row = {
  title: 'All agents',
  panels: [
    {
      kind: 'table',
      title: 'Changes that cannot be taken back easily, let through',
      asks: 'Which agent did the most that hurts? Choose it above. Beyond limits.agentLabels, agents are counted as "other"; an id with a quote in it is under "All".',
      unit: Short,
      queries: [
        {
          expr: `sort_desc(sum by (agent, class) (${growth(
            'moderato_agent_requests_total',
            'class=~"data-delete|disruptive|destructive|opaque|permissions|protection|credentials"',
            'decision="allow"',
          )}))`,
          legend: '',
        },
      ],
    },
    {
      kind: 'table',
      title: 'Refusals',
      asks: 'Which agent tries what it may not?',
      unit: Short,
      queries: [
        { expr: `sort_desc(sum by (agent, reason) (${growth('moderato_agent_denials_total')}))`, legend: '' },
      ],
    },
  ],
}

const ONE: Row = {
  title: 'The chosen agents',
  panels: [
    {
      kind: 'lines',
      title: 'Calls by class and decision',
      asks: 'What does it do, since when, and does it still do it?',
      unit: RequestsPerSecond,
      queries: [
        {
          expr: `sum by (class, decision) (${rate('moderato_agent_requests_total', AGENT)})`,
          legend: '{{class}} {{decision}}',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'Refusals by reason',
      asks: 'Is it stopped? After a quarantine all its calls are refused as "quarantined".',
      unit: RequestsPerSecond,
      queries: [
        { expr: `sum by (reason) (${rate('moderato_agent_denials_total', AGENT)})`, legend: '{{reason}}' },
      ],
    },
    {
      kind: 'table',
      title: 'Calls in the time range',
      asks: 'How much did it do, by class?',
      unit: Short,
      queries: [
        {
          expr: `sort_desc(sum by (class, decision) (${growth('moderato_agent_requests_total', AGENT)}))`,
          legend: '',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'Findings and holds, all agents',
      asks: 'Did watchers find something, and what do people hold already?',
      unit: Short,
      queries: [
        { expr: `sum(${growth('moderato_drift_total')})`, legend: 'findings in the time range' },
        { expr: `max(${of('moderato_quarantines_active')})`, legend: 'agents in quarantine' },
        { expr: `max(sum by (instance) (${of('moderato_freezes_active')}))`, legend: 'freezes' },
        { expr: `max(${of('moderato_breakglass_active')})`, legend: 'break-glasses' },
      ],
    },
  ],
}

export const AGENT_INCIDENT: Board = {
  uid: 'moderato-agent',
  title: 'Moderato: incident, by agent',
  description: 'For those who respond to an incident: which agent, what it did, whether it is stopped.',
  rows: [ALL, ONE],
  help: HELP,
  byAgent: true,
}
