/** Settings that lead AWS clients to the proxy where `AWS_ENDPOINT_URL` alone does not: variables, and files in HOME. Pure. */

/**
 * Lists the services, by their ids in variables and profiles, for which a client looks elsewhere than in the general
 * setting. The SDK for Go calls the real STS by itself. Tools for data lakes read S3's variable alone. The AWS CLI of
 * version 1 has hosts of its own for the others, in some regions.
 */
const SERVICE_IDS = ['docdb', 'emr', 'health', 'neptune', 'rds', 's3', 'sqs', 'sts'] as const

/**
 * Lists the commands of the AWS CLI that go elsewhere whatever the settings say: version 1 takes a host from its code
 * (`overridesslcommonname.py`), and Timestream names the host of its next call itself (endpoint discovery). Only
 * `--endpoint-url` comes before that, so each is made an alias of itself with that option.
 */
const CLI_COMMANDS = [
  'docdb',
  'emr',
  'health',
  'neptune',
  'rds',
  'sqs',
  'timestream-query',
  'timestream-write',
] as const

/** A region of another form would be a line of its own in the profile. */
const REGION = /^[\w-]+$/

/** Returns the variables with the endpoint. */
export function endpointVariables(endpoint: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    ...Object.fromEntries(SERVICE_IDS.map((id) => [`AWS_ENDPOINT_URL_${id.toUpperCase()}`, endpoint])),
    // A host prefix (`api.127.0.0.1`) has no address. Moderato knows the operation without it, and adds it.
    AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
    // An SDK would ask a service for the host of its next calls, and go there. This has it say that it may not. The first
    // name is that of boto3, the second that of the SDK for Go; that for JavaScript reads both.
    AWS_ENDPOINT_DISCOVERY_ENABLED: 'false',
    AWS_ENABLE_ENDPOINT_DISCOVERY: 'false',
  }
}

/**
 * Returns the files of a HOME, text by path. The profile is for clients that are started without these variables, by a
 * tool that passes few on.
 */
export function homeFiles(endpoint: string, region: string | undefined): Readonly<Record<string, string>> {
  const profile = [
    '[default]',
    ...(region !== undefined && REGION.test(region) ? [`region = ${region}`] : []),
    `endpoint_url = ${endpoint}`,
    'services = moderato',
    'disable_host_prefix_injection = true',
    'endpoint_discovery_enabled = false',
    '[services moderato]',
    ...SERVICE_IDS.flatMap((id) => [`${id} =`, `  endpoint_url = ${endpoint}`]),
  ]
  const aliases = CLI_COMMANDS.map((name) => `${name} = ${name} --endpoint-url ${endpoint}`)
  return {
    '.aws/config': `${profile.join('\n')}\n`,
    '.aws/cli/alias': `${['[toplevel]', ...aliases].join('\n')}\n`,
  }
}
