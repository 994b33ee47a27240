/** Runs clients in Python: boto3, and the AWS CLI. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { BUILDER, type TestAgent } from './agents.ts'

const execute = promisify(execFile)

export function awsEnvironment(endpoint: string, agent: TestAgent = BUILDER): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: agent.accessKeyId,
    AWS_SECRET_ACCESS_KEY: agent.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_PAGER: '',
  }
}

const PRELUDE = `
import boto3, json, sys
from botocore.config import Config
from botocore.exceptions import ClientError
def client(name, **options):
    return boto3.client(name, config=Config(**options))
def thrown(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return {'code': error.response['Error']['Code'], 'message': error.response['Error']['Message'],
                'status': error.response['ResponseMetadata']['HTTPStatusCode'],
                'retries': error.response['ResponseMetadata']['RetryAttempts']}
    raise Exception('the call was not refused')
`

/** Runs a snippet that sets `result`, and resolves with it. Rejects with Python's error text. */
export async function boto3(endpoint: string, snippet: string, agent: TestAgent = BUILDER): Promise<unknown> {
  const script = `${PRELUDE}\n${snippet}\nprint(json.dumps(result, default=str))\n`
  const { stdout } = await execute('python3', ['-c', script], {
    env: awsEnvironment(endpoint, agent),
    maxBuffer: 64 * 1024 * 1024,
  })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? 'null')
}

/** Runs the AWS CLI; resolves with its JSON output, null if it had none. Rejects with its error text. */
export async function awsCli(
  endpoint: string,
  args: readonly string[],
  agent: TestAgent = BUILDER,
): Promise<unknown> {
  const { stdout } = await execute('aws', ['--output', 'json', ...args], {
    env: awsEnvironment(endpoint, agent),
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout.trimStart().startsWith('{') || stdout.trimStart().startsWith('[')
    ? JSON.parse(stdout)
    : stdout
}
