/** The dashboard of those who keep Moderato running. */
import {
  BytesIEC,
  DurationSeconds,
  PercentUnit,
  RequestsPerSecond,
  Seconds,
  Short,
} from '@grafana/grafana-foundation-sdk/units'
import type { Board, Row } from './panels.ts'
import { of, quantile, rate } from './promql.ts'

const HEALTH: Row = {
  title: 'Health',
  panels: [
    {
      kind: 'numbers',
      title: 'Wrong on so many replicas',
      asks: 'Is something broken now? Each number counts replicas. All must be 0. In observe mode, "not enforcing" is not 0 on purpose.',
      unit: Short,
      redFrom: 1,
      width: 16,
      queries: [
        { expr: `sum(1 - ${of('up')})`, legend: 'down' },
        { expr: `sum(1 - ${of('moderato_state_up')})`, legend: 'without state store' },
        { expr: `sum(1 - ${of('moderato_config_last_reload_success')})`, legend: 'reload refused' },
        { expr: `sum(1 - ${of('moderato_enforcing')})`, legend: 'not enforcing' },
      ],
    },
    {
      kind: 'numbers',
      title: 'Credentials and keys',
      asks: 'Will calls fail soon? How long the upstream credentials last (30 days stand for 30 days or more), and how old the keys of identity providers are.',
      unit: DurationSeconds,
      width: 8,
      queries: [
        {
          expr: `clamp_max(min(${of('moderato_upstream_credentials_expiry_seconds')}), 30 * 86400)`,
          legend: 'credentials end in',
        },
        { expr: `max(${of('moderato_identity_keys_age_seconds')})`, legend: 'oldest identity keys' },
      ],
    },
  ],
}

const TRAFFIC: Row = {
  title: 'Traffic, errors, duration',
  panels: [
    {
      kind: 'lines',
      title: 'Requests by decision',
      asks: 'How much comes, and what becomes of it? `abort`: the client left. `error`: AWS did not answer, or a bug.',
      unit: RequestsPerSecond,
      queries: [{ expr: `sum by (decision) (${rate('moderato_requests_total')})`, legend: '{{decision}}' }],
    },
    {
      kind: 'lines',
      title: 'Requests by class',
      asks: 'What kind of calls are these?',
      unit: RequestsPerSecond,
      queries: [{ expr: `sum by (class) (${rate('moderato_requests_total')})`, legend: '{{class}}' }],
    },
    {
      kind: 'lines',
      title: 'Failed requests',
      asks: 'Which part of all requests fails, or is left by its client?',
      unit: PercentUnit,
      queries: ['error', 'abort'].map((decision) => ({
        expr: `(sum(${rate('moderato_requests_total', `decision="${decision}"`)}) or vector(0)) / sum(${rate('moderato_requests_total')})`,
        legend: decision,
      })),
    },
    {
      kind: 'lines',
      title: 'Duration of allowed reads',
      asks: 'How long do calls take that nothing holds up, AWS included?',
      unit: Seconds,
      queries: [0.5, 0.99].map((part) => ({
        expr: quantile(
          part,
          'moderato_request_duration_seconds',
          'decision',
          'class=~"read|list"',
          'decision="allow"',
        ),
        legend: `p${part * 100}`,
      })),
    },
  ],
}

const WAITS: Row = {
  title: 'Refusals and waits',
  panels: [
    {
      kind: 'lines',
      title: 'Refusals by reason',
      asks: 'Why are calls refused? docs/refusals.md explains each reason.',
      unit: RequestsPerSecond,
      queries: [{ expr: `sum by (reason) (${rate('moderato_denials_total')})`, legend: '{{reason}}' }],
    },
    {
      kind: 'lines',
      title: 'Calls that wait now, by class',
      asks: 'Do calls pile up before a pace rule?',
      unit: Short,
      width: 6,
      queries: [{ expr: `sum by (class) (${of('moderato_pace_queue_depth')})`, legend: '{{class}}' }],
    },
    {
      kind: 'lines',
      title: 'Wait of held calls (p95)',
      asks: 'How long are calls held that are held? SDKs give up after 60 s.',
      unit: Seconds,
      width: 6,
      queries: [
        {
          expr: `histogram_quantile(0.95, sum by (le, class) (${rate('moderato_pace_wait_seconds_bucket')}) - on (class) group_left () sum by (class) (${rate('moderato_pace_wait_seconds_bucket', 'le="0"')}))`,
          legend: '{{class}}',
        },
      ],
    },
  ],
}

const LIMITED = {
  'in flight of one agent': 'moderato_inflight_requests',
  'held calls': 'moderato_held_calls',
  'buffered bytes': 'moderato_buffered_bytes',
  connections: 'moderato_connections',
}

const SATURATION: Row = {
  title: 'Saturation',
  panels: [
    {
      kind: 'lines',
      title: 'Used of each limit',
      asks: 'Which limit is reached next? At 100% calls are refused. The fullest replica is shown.',
      unit: PercentUnit,
      queries: Object.entries(LIMITED).map(([legend, metric]) => ({
        expr: `max(${of(metric)} / ${of(`${metric}_limit`)})`,
        legend,
      })),
    },
    {
      kind: 'lines',
      title: 'Processor of each replica',
      asks: 'Is a core full? A replica uses one core for calls: 100% is the end.',
      unit: PercentUnit,
      width: 6,
      queries: [{ expr: rate('process_cpu_seconds_total'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Event loop lag (p99)',
      asks: 'Does the process keep up? Lag is added to every call.',
      unit: Seconds,
      width: 6,
      queries: [{ expr: of('nodejs_eventloop_lag_p99_seconds'), legend: '{{instance}}' }],
    },
  ],
}

const STORE: Row = {
  title: 'Store and audit',
  panels: [
    {
      kind: 'lines',
      title: 'Slowest stages (p99)',
      asks: 'Where does Moderato spend its own time? `claimSignature` and `consumeApproval` wait for the state store. Waits for a turn and for AWS are left out.',
      unit: Seconds,
      queries: [
        {
          expr: `topk(6, ${quantile(0.99, 'moderato_stage_duration_seconds', 'stage', 'stage!~"pace|forward"')})`,
          legend: '{{stage}}',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'Oldest audit record not on disk',
      asks: 'Does the audit log keep up? Changes wait for it.',
      unit: Seconds,
      width: 6,
      queries: [{ expr: of('moderato_audit_lag_seconds'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Audit log and free disk',
      asks: 'When is the disk full? Changes are refused then.',
      unit: BytesIEC,
      width: 6,
      queries: [
        { expr: of('moderato_audit_bytes'), legend: 'log {{instance}}' },
        { expr: of('moderato_state_free_bytes'), legend: 'free {{instance}}' },
      ],
    },
  ],
}

const UPSTREAM: Row = {
  title: 'Upstream (AWS)',
  panels: [
    {
      kind: 'lines',
      title: 'Answers by service and status',
      asks: 'Does AWS answer, and with what? `none`: no answer came.',
      unit: RequestsPerSecond,
      queries: [
        {
          expr: `sum by (service, status_class) (${rate('moderato_upstream_duration_seconds_count')})`,
          legend: '{{service}} {{status_class}}',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'Duration by service (p95)',
      asks: 'Is AWS slow? Compare with the duration of allowed reads.',
      unit: Seconds,
      queries: [
        { expr: quantile(0.95, 'moderato_upstream_duration_seconds', 'service'), legend: '{{service}}' },
      ],
    },
  ],
}

export const SERVICE: Board = {
  uid: 'moderato-service',
  title: 'Moderato: service',
  description:
    'For those who keep Moderato running: traffic, errors, waits, saturation, store, audit log, AWS.',
  rows: [HEALTH, TRAFFIC, WAITS, SATURATION, STORE, UPSTREAM],
}
