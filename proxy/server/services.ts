/** Declares the services, grouped by feature. Each is opened once, in `open-services.ts`, and passed by its name. */
import type { Logger } from 'pino'
import type { ApprovalService } from '../approvals/open.ts'
import type { Audit } from '../audit/audit.ts'
import type { AuditSearcher } from '../incident/audit-searcher.ts'
import type { Catalogue } from '../aws/catalogue/types.ts'
import type { Addressing } from '../aws/endpoints/addressing.ts'
import type { PrivateServices } from '../aws/private/services.ts'
import type { BreakglassService } from '../breakglass/open.ts'
import type { Config } from '../config/schema/config.ts'
import type { BufferBudget } from '../core/buffer-budget.ts'
import type { AgentStore, Clock, Timer } from '../core/ports.ts'
import type { SignerService } from '../credentials/open.ts'
import type { Paced } from '../exchange/exchange.ts'
import type { Hold } from '../exchange/holds.ts'
import type { Endpoint } from '../exchange/upstream.ts'
import type { Freezes } from '../freeze/freezes.ts'
import type { IdentityService } from '../identity/open.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { AgentRefusals } from '../observe/agent-refusals.ts'
import type { UnverifiedRefusals } from '../observe/refusals.ts'
import type { PaceQueue } from '../pacing/queue.ts'
import type { Settings } from '../runtime/live-settings.ts'
import type { Rates } from '../runtime/rate-settings.ts'
import type { Signatures } from '../sigv4/signatures.ts'
import type { State } from '../state/open.ts'
import type { Upstreams } from '../upstream/pool.ts'
import type { WatchService } from '../watch/open.ts'

/** All services of the process. */
export interface Services {
  /** The configuration at start. The parts that a reload changes are in `settings`. */
  readonly config: Config
  readonly settings: Settings
  readonly log: Logger
  readonly clock: Clock
  /** A monotonic clock, for waits: it never goes back when the wall clock is set. */
  readonly steadyClock: Clock
  readonly timer: Timer
  readonly metrics: Metrics
  readonly audit: Audit
  /** Searches the log, in a thread of its own. */
  readonly auditSearcher: AuditSearcher
  /** Records refusals, in aggregate beyond a bounded rate: of unverified clients (rule S9), and of each agent (rule S28). */
  readonly refusals: { readonly unverified: UnverifiedRefusals; readonly agents: AgentRefusals }
  readonly aws: AwsServices
  readonly state: State
  /** Notes the head of the audit log in the store for the last time; until then it is noted every second. */
  readonly noteHeadNow: () => Promise<void>
  readonly identity: IdentityService
  /** Finds the owner of an access key: an agent of the configuration, or a session. */
  readonly agents: AgentStore
  readonly pacing: { readonly queue: PaceQueue; readonly rates: Rates }
  readonly approvals: ApprovalService
  readonly freezes: Freezes
  readonly breakglass: BreakglassService
  readonly watching: WatchService
  /** The holds, in the order in which they are checked. */
  readonly holds: readonly Hold[]
  readonly signatures: Signatures
  readonly credentials: SignerService
  readonly upstream: UpstreamServices
  /** The calls in flight of each agent that has some, after verification. */
  readonly inFlight: Map<string, number>
  /** Bounds the memory that bodies take while they are held. */
  readonly budget: BufferBudget
}

/** The knowledge of AWS services, and of private services beside them. */
export interface AwsServices {
  readonly catalogue: Catalogue
  readonly privateServices: PrivateServices
  /** Reads the parts of a host name before our own. */
  readonly addressing: Addressing
}

/** The destinations and connections of calls. */
export interface UpstreamServices {
  readonly endpoint: (exchange: Paced) => Endpoint
  readonly pool: Upstreams
}
