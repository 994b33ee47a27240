/** What the service is made of, by feature. Each is opened once, in `open-services.ts`, and handed on by its name. */
import type { Logger } from 'pino'
import type { ApprovalService } from '../approvals/open.ts'
import type { Audit } from '../audit/audit.ts'
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

export interface Services {
  /** As at start. What a reload changes is in `settings`. */
  readonly config: Config
  readonly settings: Settings
  readonly log: Logger
  readonly clock: Clock
  /** For waits: never goes back, whatever is done to the wall clock. */
  readonly steadyClock: Clock
  readonly timer: Timer
  readonly metrics: Metrics
  readonly audit: Audit
  /** Records refusals, in aggregate beyond a bounded rate: of whoever is not verified (S9), and of each agent (S28). */
  readonly refusals: { readonly unverified: UnverifiedRefusals; readonly agents: AgentRefusals }
  readonly aws: AwsServices
  readonly state: State
  readonly identity: IdentityService
  /** Finds the owner of an access key: an agent of the configuration, or a session. */
  readonly agents: AgentStore
  readonly pacing: { readonly queue: PaceQueue; readonly rates: Rates }
  readonly approvals: ApprovalService
  readonly freezes: Freezes
  readonly breakglass: BreakglassService
  readonly watching: WatchService
  /** In the order in which they are asked. */
  readonly holds: readonly Hold[]
  readonly signatures: Signatures
  readonly credentials: SignerService
  readonly upstream: UpstreamServices
  /** Bounds the memory that bodies take while they are held. */
  readonly budget: BufferBudget
}

/** What is known of AWS, and of services beside it. */
export interface AwsServices {
  readonly catalogue: Catalogue
  readonly privateServices: PrivateServices
  /** Reads what a host name says beside our own. */
  readonly addressing: Addressing
}

/** Where calls go, and by which connections. */
export interface UpstreamServices {
  readonly endpoint: (exchange: Paced) => Endpoint
  readonly pool: Upstreams
}
