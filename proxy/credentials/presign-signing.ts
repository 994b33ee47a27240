/** Gives the signing endpoint what it needs of the configuration. */
import type { Agent } from '../core/agent.ts'
import type { Config } from '../config/schema/config.ts'
import type { AssumeRole } from './assume-role.ts'
import { statementPolicy } from './policy-text.ts'
import type { RoleSessions } from './role-sessions.ts'
import { narrowed, type SigningOwner } from './presign-narrow.ts'

export interface PresignSigning {
  /** The regions that may be reached; all known ones if undefined. */
  readonly regions: ReadonlySet<string> | undefined
  /** Stands for S3 and STS, as for every service. */
  readonly emulator: URL | undefined
  readonly owner: SigningOwner
  /**
   * Tells whether what an agent asks for is signed by a session of one use, and not with the credentials as they are.
   */
  readonly narrowed: (agent: Agent) => boolean
}

export function signing(
  upstream: Config['upstream'],
  assume: AssumeRole,
  sessions: Pick<RoleSessions, 'once' | 'isPlain'>,
): PresignSigning {
  const { regions, endpoint, signing: own } = upstream
  return {
    regions: regions === undefined ? undefined : new Set(regions),
    emulator: endpoint === undefined ? undefined : new URL(endpoint),
    owner:
      own === undefined
        ? (agent, { region, statement }) => sessions.once(agent, region, statementPolicy(statement))
        : narrowed(own.roleArn, assume),
    narrowed: (agent) => own !== undefined || !sessions.isPlain(agent),
  }
}
