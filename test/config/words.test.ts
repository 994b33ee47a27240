import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../proxy/config/load.ts'
import { ConfigError } from '../../proxy/config/loaded.ts'

function messages(given: object): Record<string, string> {
  try {
    parseConfig(given, { file: 'moderato.yaml', folder: '/etc/moderato', environment: {} })
    return {}
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return Object.fromEntries(error.findings.map(({ path, message }) => [path, message]))
  }
}

describe('what is wrong with a value', () => {
  it('is said in the words of whoever writes the file', () => {
    expect(
      messages({
        listen: { hosts: 'a' },
        policy: 7,
        limits: { held: 'x', heldPerAgent: 0, connections: 1.5, bodyPause: 5 },
        allowEnvironment: 'yes',
        breakglass: { people: 3 },
        log: { level: 'loud' },
        watch: { detectors: { fanout: { factor: 0.5, calls: 1_000 } } },
        state: { file: '', prefix: 7 },
        upstream: { regions: [], roles: [{ plain: false }] },
        identity: { providers: [{ type: 'saml' }] },
        pacing: { rules: [{}] },
        drian: '7s',
      }),
    ).toEqual({
      'listen.hosts': 'must be a list',
      policy: 'must be a map',
      'limits.held': 'must be a number',
      'limits.heldPerAgent': 'must be above 0',
      'limits.connections': 'must be a whole number',
      'limits.bodyPause': 'must be a duration such as 20s, 30m or 2h',
      allowEnvironment: 'must be true or false',
      'breakglass.people': 'must be one of 1|2',
      'log.level': 'must be one of "trace"|"debug"|"info"|"warn"|"error"|"silent"',
      'watch.detectors.fanout.factor': 'must be at least 1',
      'watch.detectors.fanout.calls': 'must be at most 100',
      'state.file': 'must have at least 1 character',
      'state.prefix': 'must be text',
      'upstream.regions': 'must have at least 1 entry',
      'upstream.roles.0.plain': 'must be true',
      'identity.providers.0.type': 'must be one of "oidc"|"spiffe-jwt"|"spiffe-x509"',
      'pacing.rules.0.name': 'is missing',
      'pacing.rules.0.classes': 'is missing',
      'pacing.rules.0.per': 'is missing',
      'pacing.rules.0.rate': 'is missing',
      'pacing.rules.0.burst': 'is missing',
      'pacing.rules.0.maxWait': 'is missing',
      drian: expect.stringMatching(
        /^is not a setting: give listen, .*drain, log, allowEmpty, allowEnvironment \(did you mean drain\?\)$/,
      ),
    })
  })
})
