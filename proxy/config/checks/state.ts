/** Checks the settings of the state store that depend on each other (security rule S19). */
import { isLoopbackUrl } from '../../core/addresses.ts'
import type { Finding } from './finding.ts'
import type { Config } from '../schema/config.ts'

const PROTOCOLS = new Map([
  ['valkey:', 'plain'],
  ['redis:', 'plain'],
  ['valkeys:', 'tls'],
  ['rediss:', 'tls'],
])
const OF_STORE = { file: 'sqlite', url: 'valkey', passwordFile: 'valkey', ca: 'valkey' } as const

/** Returns why the settings of the state store cannot be used together; nothing if they can. */
export function stateProblems({ state }: Pick<Config, 'state'>): Finding[] {
  const findings: Finding[] = []
  for (const [name, store] of Object.entries(OF_STORE) as [keyof typeof OF_STORE, string][]) {
    if (state[name] !== undefined && state.store !== store)
      findings.push({ path: `state.${name}`, message: `is for \`state.store: ${store}\` only` })
  }
  const isShared = state.store === 'valkey' || state.file !== undefined
  if (isShared && state.keyFile === undefined) {
    findings.push({
      path: 'state.keyFile',
      message: 'is needed where a store is shared: name a file that every replica has with the same secret',
    })
  }
  return state.store === 'valkey' ? [...findings, ...urlProblems(state)] : findings
}

function urlProblems({ url, passwordFile }: Config['state']): Finding[] {
  const path = 'state.url'
  if (url === undefined) return [{ path, message: 'is needed, for example valkeys://valkey.internal:6379' }]
  const parsed = URL.parse(url)
  const kind = PROTOCOLS.get(parsed?.protocol ?? '')
  if (parsed === null || kind === undefined || parsed.hostname === '') {
    return [
      {
        path,
        message: 'must begin with valkeys:// or rediss:// (TLS), valkey:// or redis://, then HOST:PORT',
      },
    ]
  }
  const findings: Finding[] = []
  if (!/^(\/\d{0,4})?$/.test(parsed.pathname) || parsed.search !== '' || parsed.hash !== '')
    findings.push({ path, message: 'may hold user, password, host, port and the number of a database only' })
  if (kind === 'plain' && !isLoopbackUrl(parsed))
    findings.push({ path, message: 'must be valkeys:// or rediss:// (TLS) off the loopback address' })
  if (parsed.password === '' && passwordFile === undefined)
    findings.push({
      path: 'state.passwordFile',
      message: 'is needed: a store that asks no password is refused',
    })
  if (parsed.password !== '' && passwordFile !== undefined)
    findings.push({
      path: 'state.passwordFile',
      message: 'cannot be set together with a password in state.url',
    })
  return findings
}
