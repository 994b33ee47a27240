import { describe, expect, it } from 'vitest'
import type { Opened } from '../../proxy/cli/agent-client.ts'
import { childEnvironment, removedFrom, taskVariables } from '../../proxy/cli/child-environment.ts'
import { asShell } from '../../proxy/cli/env.ts'
import { newTrace } from '../../proxy/cli/run.ts'

const OPENED: Opened = {
  task: { id: 'fix/it: now', agent: 'a', narrowed: false, expiresAt: '2026-03-04T10:00:00.000Z' },
  credentials: {
    accessKeyId: 'ASIATASK',
    secretAccessKey: 'secret-of-the-task',
    sessionToken: 'token-of-the-task',
    expiration: '2026-03-04T10:16:00.000Z',
  },
  containerToken: 'ticket-of-the-task',
}
const TRACE = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`
const task = (url = 'http://127.0.0.1:8080', isNear = true, ca?: string) => ({
  opened: OPENED,
  place: { url: new URL(url), isNear, ca },
  region: undefined,
  traceparent: TRACE,
})
const KEPT = {
  PATH: '/bin',
  LANG: 'C.UTF-8',
  AWS_REGION: 'eu-central-1',
  AWS_DEFAULT_REGION: 'eu-central-1',
  AWS_MAX_ATTEMPTS: '5',
}
/** One for each variable that AWS clients take credentials, profiles, or another way from. */
const LEADS_ELSEWHERE = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL_DYNAMODB',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_S3_ENDPOINT',
  'AWS_ENABLE_ENDPOINT_DISCOVERY',
  'AWS_ENDPOINT_DISCOVERY_ENABLED',
  'AWS_CREDENTIAL_PROFILES_FILE',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
  'AWS_DATA_PATH',
  'AWS_LOGIN_CACHE_DIRECTORY',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT',
  'AWS_BEARER_TOKEN_BEDROCK',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_SDK_LOAD_CONFIG',
  'AWS_CA_BUNDLE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AMAZON_SECRET_ACCESS_KEY',
  'BOTO_CONFIG',
  'MODERATO_TOKEN_FILE',
  'MODERATO_ADMIN_TOKEN_FILE',
  'MODERATO_SECRET_ACCESS_KEY',
  'SPIFFE_ENDPOINT_SOCKET',
  'ECS_CONTAINER_METADATA_URI_V4',
]

describe('childEnvironment', () => {
  it('keeps what is not about AWS, and of AWS only where and how', () => {
    const made = childEnvironment(task(), { ...KEPT, HOME: '/home/me' }, { secrets: [], home: '/tmp/own' })
    expect(made).toEqual({
      ...KEPT,
      HOME: '/tmp/own',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:8080',
      ...Object.fromEntries(
        ['DOCDB', 'EMR', 'HEALTH', 'NEPTUNE', 'RDS', 'S3', 'SQS', 'STS'].map((id) => [
          `AWS_ENDPOINT_URL_${id}`,
          'http://127.0.0.1:8080',
        ]),
      ),
      AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
      AWS_ENDPOINT_DISCOVERY_ENABLED: 'false',
      AWS_ENABLE_ENDPOINT_DISCOVERY: 'false',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:8080/.moderato/v1/credentials',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'ticket-of-the-task',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_CREDENTIAL_PROFILES_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_SDK_UA_APP_ID: 'fix-it--now',
      TRACEPARENT: TRACE,
      _X_AMZN_TRACE_ID: `Root=1-abababab-${'ab'.repeat(12)};Parent=${'cd'.repeat(8)};Sampled=1`,
      NO_PROXY: '127.0.0.1',
      no_proxy: '127.0.0.1',
    })
  })

  it.each(LEADS_ELSEWHERE)('does not pass %s on, nor its value under any name', (name) => {
    const value = `canary-${name.toLowerCase()}-0123456789`
    const isSecret = /SECRET|TOKEN|KEY/.test(name) && !name.endsWith('_FILE')
    const copies = isSecret ? { BACKUP: `x=${value}` } : {}
    const made = childEnvironment(
      task(),
      { ...KEPT, [name]: value, ...copies },
      { secrets: [], home: undefined },
    )
    expect(JSON.stringify(made)).not.toContain(value)
    expect(Object.keys(made)).not.toContain('BACKUP')
  })

  it('passes on no variable that holds the secret of the identity', () => {
    const secrets = ['eyJ.the-token-of-the-identity']
    const given = { ...KEPT, CI_JOB_JWT: secrets[0] ?? '', NOTE: `jwt ${secrets[0]} end` }
    expect(removedFrom(given, secrets)).toEqual(['CI_JOB_JWT', 'NOTE'])
  })

  it('keeps no option of Java that comes before the variables', () => {
    const given = {
      ...KEPT,
      JAVA_TOOL_OPTIONS: '-Xmx1g -Daws.endpointUrlS3=https://elsewhere.example',
      MAVEN_OPTS: '-Xmx2g',
    }
    const made = childEnvironment(task(), given, { secrets: [], home: undefined })
    expect(made).toMatchObject({ MAVEN_OPTS: '-Xmx2g' })
    expect(Object.keys(made)).not.toContain('JAVA_TOOL_OPTIONS')
  })

  it('leads back to no other HOME', () => {
    const given = { HOME: '/home/me', XDG_CACHE_HOME: '/home/me/.cache', XDG_CONFIG_HOME: '/c' }
    const made = childEnvironment(task(), given, { secrets: [], home: '/tmp/own' })
    expect(JSON.stringify(made)).not.toContain('/home/me')
    expect(childEnvironment(task(), given, { secrets: [], home: undefined })).toMatchObject(given)
  })

  it('gives the credentials themselves where SDKs would not fetch them', () => {
    const keys = {
      AWS_ACCESS_KEY_ID: 'ASIATASK',
      AWS_SECRET_ACCESS_KEY: 'secret-of-the-task',
      AWS_SESSION_TOKEN: 'token-of-the-task',
    }
    const made = taskVariables(task('https://moderato.example:8443', false, '/ca.pem'), {})
    expect(made).toMatchObject({ ...keys, AWS_CA_BUNDLE: '/ca.pem', NODE_EXTRA_CA_CERTS: '/ca.pem' })
    expect(made['AWS_CONTAINER_AUTHORIZATION_TOKEN']).toBeUndefined()
    expect(taskVariables(task('https://127.0.0.1:8443', true, '/ca.pem'), {})).toMatchObject(keys)
  })

  it('keeps the proxies of the environment, and itself out of them', () => {
    const given = { HTTPS_PROXY: 'http://corp:3128', no_proxy: '.corp' }
    const made = childEnvironment(task('http://[::1]:8080'), given, { secrets: [], home: undefined })
    expect(made).toMatchObject({
      HTTPS_PROXY: 'http://corp:3128',
      NO_PROXY: '.corp,::1',
      no_proxy: '.corp,::1',
    })
  })
})

describe('asShell', () => {
  it('quotes so that a shell reads nothing in a value, and takes no name for a command', () => {
    const text = asShell({ A: "it's $(id) `id` \\ \n;" }, ['AWS_PROFILE', 'x; rm -rf /', 'AWS_X$(id)'])
    expect(text).toBe("unset AWS_PROFILE\nexport A='it'\\''s $(id) `id` \\ \n;'\n")
  })
})

describe('newTrace', () => {
  it('goes on with the trace that it is part of', () => {
    expect(newTrace(TRACE)).toMatch(new RegExp(`^00-${'ab'.repeat(16)}-(?!cdcd)[0-9a-f]{16}-01$`))
    expect(newTrace('$(id)')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  })
})
