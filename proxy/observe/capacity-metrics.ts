/** Defines the metrics of what can run out: places, memory, buckets, disk, credentials and keys. */
import { Counter, type Registry } from 'prom-client'
import { labelledGauge, sampledGauge, type LabelledSource, type SampleSource } from './sampled.ts'

/** Something that is in use, and the most that may be: `moderato_NAME` and `moderato_NAME_limit`. */
export interface Level {
  readonly used: () => number
  readonly limit: () => number
}

/** Sets the functions that a scrape calls. */
export interface CapacityMetrics {
  /** Calls in flight of the agent that has the most. */
  inFlight(level: Level): void
  /** Calls that wait for their turn. */
  heldCalls(level: Level): void
  /** Body bytes in memory. */
  bufferedBytes(level: Level): void
  /** Connections of agents. */
  connections(level: Level): void
  /** By rule, how full its emptiest bucket is: 1 is full, 0 is empty. */
  bucketFill(source: LabelledSource): void
  /** Bytes of the audit log's files. */
  auditBytes(source: SampleSource): void
  /** Bytes that are free where the state directory is. */
  stateFreeBytes(source: SampleSource): void
  /** Seconds until the credentials end with which calls are signed upstream; Infinity if they do not end. */
  upstreamExpiry(source: SampleSource): void
  /** By provider, seconds since its keys were fetched or read. */
  identityKeysAge(source: LabelledSource): void
  /** Lines of the log that were lost so far. */
  logLinesLost(source: () => number): void
}

/** Registers the metrics. */
export function capacityMetrics(registry: Registry): CapacityMetrics {
  return {
    inFlight: levelGauges(
      registry,
      'moderato_inflight_requests',
      'Calls in flight of the agent that has the most, after verification.',
    ),
    heldCalls: levelGauges(registry, 'moderato_held_calls', 'Calls that wait for their turn, of all agents.'),
    bufferedBytes: levelGauges(registry, 'moderato_buffered_bytes', 'Bytes of request bodies that are held.'),
    connections: levelGauges(registry, 'moderato_connections', 'Open connections of agents.'),
    bucketFill: labelledGauge(registry, {
      name: 'moderato_bucket_fill_ratio',
      help: 'How full the emptiest bucket of each pace rule is: 1 is full.',
      label: 'rule',
    }),
    auditBytes: sampledGauge(registry, 'moderato_audit_bytes', 'Size of the files of the audit log.'),
    stateFreeBytes: sampledGauge(
      registry,
      'moderato_state_free_bytes',
      'Free space on the file system of the state directory.',
    ),
    upstreamExpiry: sampledGauge(
      registry,
      'moderato_upstream_credentials_expiry_seconds',
      'Time until the upstream credentials end; +Inf if they do not, negative if they have ended.',
    ),
    identityKeysAge: labelledGauge(registry, {
      name: 'moderato_identity_keys_age_seconds',
      help: 'Time since the keys of each identity provider were fetched or read.',
      label: 'provider',
    }),
    logLinesLost: logCounter(registry),
  }
}

function levelGauges(registry: Registry, name: string, help: string): (level: Level) => void {
  const used = sampledGauge(registry, name, help)
  const limit = sampledGauge(registry, `${name}_limit`, `The limit of ${name}.`)
  return (level) => {
    used(level.used)
    limit(level.limit)
  }
}

function logCounter(registry: Registry): CapacityMetrics['logLinesLost'] {
  let source: (() => number) | undefined
  let counted = 0
  const lost: Counter = new Counter({
    name: 'moderato_log_lines_lost_total',
    help: 'Lines of the log that were lost, because nobody read them in time.',
    registers: [registry],
    collect() {
      const now = source?.() ?? 0
      lost.inc(now - counted)
      counted = now
    },
  })
  return (given) => {
    source = given
  }
}
