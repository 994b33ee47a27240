/** Providers as a configuration opens them, with a clock of the test. */
import { Denial } from '../../../proxy/core/denial/denial.ts'
import { parseConfig } from '../../../proxy/config/load.ts'
import { openProviders, type Providers } from '../../../proxy/identity/providers/open.ts'
import { VirtualTime } from '../../../proxy/core/virtual-time.ts'

export const AGENT = 'spiffe://example.org/agent/one'
export const RULES = [{ match: { sub: '*' }, agent: AGENT }]

export function configOf(
  providers: readonly object[],
  agents: readonly object[] = [{ id: AGENT }],
  more = {},
) {
  const given = { identity: { providers }, agents, ...more }
  return parseConfig(given, { file: 'moderato.yaml', folder: '/', environment: {} }).config
}

export interface Opened {
  readonly providers: Providers
  readonly time: VirtualTime
  /** The reason with which a token is refused, or the agent that it is of. */
  readonly outcome: (token: string) => Promise<string>
}

export function opened(given: readonly object[], time = new VirtualTime(Date.now()), more = {}): Opened {
  const providers = openProviders(configOf(given, undefined, more), time)
  const outcome = (token: string) => reasonOr(async () => (await providers.ofToken(token)).agentId)
  return { providers, time, outcome }
}

export async function reasonOr(act: () => Promise<string>): Promise<string> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof Denial) return error.reason
    throw error
  }
}
