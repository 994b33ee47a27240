/** Relative paths in a configuration resolve against its file's folder. */
import { resolve } from 'node:path'
import type { Config } from './schema/config.ts'
import type { TlsFiles } from './tls.ts'

export function withResolvedPaths(config: Config, folder: string): Config {
  const at = (file: string): string => resolve(folder, file)
  const { stateDir, state, policy, approvals, listen, admin, identity, watch } = config
  return {
    ...config,
    stateDir: at(stateDir),
    state: {
      ...state,
      ...given('file', state.file, at),
      ...given('passwordFile', state.passwordFile, at),
      ...given('ca', state.ca, at),
      ...given('keyFile', state.keyFile, at),
    },
    watch: {
      ...watch,
      ...given('alerts', watch.alerts, (alerts) => ({ ...alerts, secretFile: at(alerts.secretFile) })),
    },
    policy: { ...policy, ...given('bundle', policy.bundle, at) },
    approvals: {
      ...approvals,
      ...given('webhook', approvals.webhook, secretAt(at)),
      ...given('callback', approvals.callback, secretAt(at)),
    },
    listen: { ...listen, ...given('tls', listen.tls, tlsAt(at)) },
    identity: {
      ...identity,
      ...given('sealingKeys', identity.sealingKeys, at),
      providers: identity.providers.map((provider) => providerAt(provider, at)),
    },
    admin: {
      ...admin,
      ...given('tokenFile', admin.tokenFile, at),
      ...given('tls', admin.tls, tlsAt(at)),
      people: admin.people.map((person) => ({ ...person, ...given('tokenFile', person.tokenFile, at) })),
    },
  }
}

/** The member of that name with its value resolved; nothing where there is none. */
function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
  resolved: (value: Value) => Value,
): { [Key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: resolved(value) }) as { [Key in Name]?: Value }
}

function secretAt(at: (file: string) => string) {
  return <Settings extends { readonly secretFile: string }>(settings: Settings): Settings => ({
    ...settings,
    secretFile: at(settings.secretFile),
  })
}

type Provider = Config['identity']['providers'][number]

function providerAt(provider: Provider, at: (file: string) => string): Provider {
  if (provider.type === 'oidc') return { ...provider, ...given('caFile', provider.caFile, at) }
  const { bundle } = provider
  const { file, caFile, workloadApi } = bundle
  const socketAt = (place: string): string => at(place.replace(/^unix:(?:\/\/)?/, ''))
  return {
    ...provider,
    bundle: {
      ...bundle,
      ...given('file', file, at),
      ...given('caFile', caFile, at),
      ...given('workloadApi', workloadApi, socketAt),
    },
  }
}

function tlsAt(at: (file: string) => string) {
  return ({ cert, key, clientCa }: TlsFiles): TlsFiles => ({
    cert: at(cert),
    key: at(key),
    ...given('clientCa', clientCa, at),
  })
}
