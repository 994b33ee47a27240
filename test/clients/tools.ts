/** The command-line tools that are measured, each by a list of commands. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { homeFiles } from '../../proxy/cli/client-settings.ts'
import { newHome, removeHome } from '../../proxy/cli/task-home.ts'
import { BUILDER } from '../support/agents.ts'
import { missingTerraform, PLUGINS, Terraform } from '../support/terraform.ts'
import type { Step } from '../support/toolchains.ts'
import { AWS_CLI, CURL, missing, S3CMD } from '../support/tools.ts'
import { type Client, type Command, environment, runCommands, versionOf } from './client.ts'

const TRUST = '{"Version":"2012-10-17","Statement":[]}'
const MEBIBYTES = 20

/** Runs commands in a folder with the files `small` and `large`. */
async function inFolder(run: (folder: string) => Promise<readonly Step[]>): Promise<readonly Step[]> {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-clients-'))
  writeFileSync(join(folder, 'small'), '0123456789')
  writeFileSync(join(folder, 'large'), Buffer.alloc(MEBIBYTES * 1024 * 1024, 'moderato'))
  try {
    return await run(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const words = (step: string, line: string, ...more: string[]): Command => ({
  step,
  args: [...line.split(' '), ...more],
})

const TABLE =
  '--table-name t --billing-mode PAY_PER_REQUEST --key-schema AttributeName=id,KeyType=HASH --attribute-definitions AttributeName=id,AttributeType=S'

const CLI_COMMANDS: readonly Command[] = [
  words('tell who it is', 'sts get-caller-identity'),
  words('create a bucket', 's3 mb s3://cli'),
  words('copy a file there', 's3 cp --no-progress small', 's3://cli/a b+c'),
  words('copy a large file there, in parts', 's3 cp --no-progress large s3://cli/large'),
  words('copy a large file back, by ranges', 's3 cp --no-progress s3://cli/large back'),
  words('synchronize a folder', 's3 sync --no-progress . s3://cli/folder'),
  words('get a range', 's3api get-object --bucket cli --range bytes=2-4 part --key', 'a b+c'),
  words('get an object that S3 throttles twice', 's3 cp --no-progress s3://cli/folder/small slow'),
  words('remove a bucket with what is in it', 's3 rb --force s3://cli'),
  words('create a table', `dynamodb create-table ${TABLE}`),
  words('execute statements of PartiQL', 'dynamodb execute-statement --statement', 'SELECT * FROM "t"'),
  words(
    'update an item that is throttled twice',
    'dynamodb update-item --table-name t --update-expression',
    'ADD n :one',
    '--expression-attribute-values',
    '{":one":{"N":"1"}}',
    '--key',
    '{"id":{"S":"a"}}',
  ),
  words('delete a table', 'dynamodb delete-table --table-name t'),
  words('create and list queues', 'sqs create-queue --queue-name q'),
  words('create a topic', 'sns create-topic --name topic'),
  words('describe instances of RDS', 'rds describe-db-instances'),
  words('list clusters of EMR', 'emr list-clusters'),
  words('describe volumes of EC2', 'ec2 describe-volumes'),
  words('create a role', 'iam create-role --role-name r --assume-role-policy-document', TRUST),
  words('list functions of Lambda', 'lambda list-functions'),
  words('list hosted zones', 'route53 list-hosted-zones'),
  words('put metric data', 'cloudwatch put-metric-data --namespace n --metric-name m --value 1'),
]

const CLI: Client = {
  name: 'AWS CLI',
  async install() {
    if (missing(AWS_CLI)) return undefined
    return {
      version: await versionOf('aws', ['--version'], /aws-cli\/(\S+)/),
      // As under `moderato run`.
      steps: (endpoint) =>
        inFolder(async (cwd) => {
          const home = newHome(undefined, homeFiles(endpoint, 'us-east-1'))
          const settings = { HOME: home, AWS_DISABLE_HOST_PREFIX_INJECTION: 'true' }
          try {
            return await runCommands('aws', CLI_COMMANDS, {
              cwd,
              env: { ...environment(endpoint), ...settings },
            })
          } finally {
            removeHome(home)
          }
        }),
    }
  },
}

/** S3 wants the hash of the body in a field, which curl 7.88 does not add. */
function hashOf(service: string): readonly string[] {
  return service === 's3' ? ['-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD'] : []
}

/** Signs with curl's own SigV4, and fails on a status from 400 up, with the answer. */
function curlCommands(endpoint: string): readonly Command[] {
  const key = `${BUILDER.accessKeyId}:${BUILDER.secretAccessKey}`
  const sign = ['-sS', '--fail-with-body', '--user', key, '--aws-sigv4']
  const curl = (step: string, service: string, path: string, ...more: string[]): Command => ({
    step,
    args: [...sign, `aws:amz:us-east-1:${service}`, ...hashOf(service), ...more, `${endpoint}${path}`],
  })
  const target = ['-H', 'X-Amz-Target: DynamoDB_20120810.DescribeLimits']
  const json = ['-H', 'Content-Type: application/x-amz-json-1.0', '-d', '{}']
  return [
    curl('create a bucket', 's3', '/curled', '-X', 'PUT'),
    curl('put an object', 's3', '/curled/a', '-T', 'small'),
    curl('get an object', 's3', '/curled/a'),
    curl('get a range', 's3', '/curled/a', '-r', '2-4'),
    curl('resume a download', 's3', '/curled/a', '-C', '4', '-o', 'resumed'),
    curl('get if it changed since', 's3', '/curled/a', '-z', '2020-01-01'),
    curl('describe an object', 's3', '/curled/a', '-I'),
    curl('list a bucket', 's3', '/curled?list-type=2'),
    curl('delete an object', 's3', '/curled/a', '-X', 'DELETE'),
    curl('delete a bucket', 's3', '/curled', '-X', 'DELETE'),
    curl('tell who it is', 'sts', '/', '-d', 'Action=GetCallerIdentity&Version=2011-06-15'),
    curl('list topics', 'sns', '/', '-d', 'Action=ListTopics&Version=2010-03-31'),
    curl('describe limits of DynamoDB', 'dynamodb', '/', ...target, ...json),
    curl('list functions of Lambda', 'lambda', '/2015-03-31/functions/'),
  ]
}

const CURL_SIGV4: Client = {
  name: 'curl `--aws-sigv4`',
  async install() {
    if (missing(CURL)) return undefined
    return {
      version: await versionOf('curl', ['--version'], /curl (\S+)/),
      steps: (endpoint) =>
        inFolder((cwd) => runCommands('curl', curlCommands(endpoint), { cwd, env: environment(endpoint) })),
    }
  },
}

function s3cmdCommands(endpoint: string): readonly Command[] {
  const { host } = new URL(endpoint)
  const key = [`--access_key=${BUILDER.accessKeyId}`, `--secret_key=${BUILDER.secretAccessKey}`]
  const place = ['--no-ssl', `--host=${host}`, `--host-bucket=${host}`, '--region=us-east-1']
  const s3cmd = (step: string, ...args: string[]): Command => ({ step, args: [...place, ...key, ...args] })
  return [
    s3cmd('create a bucket', 'mb', 's3://s3cmd'),
    s3cmd('put a file', 'put', 'small', 's3://s3cmd/a b+c'),
    s3cmd('put a large file, in parts', 'put', '--multipart-chunk-size-mb=5', 'large', 's3://s3cmd/large'),
    s3cmd('list a bucket', 'ls', 's3://s3cmd'),
    s3cmd('get a file', 'get', 's3://s3cmd/a b+c', 'back'),
    s3cmd('sign a URL', 'signurl', 's3://s3cmd/large', '+600'),
    s3cmd('synchronize a folder', 'sync', './', 's3://s3cmd/folder/'),
    s3cmd('remove a bucket with what is in it', 'rb', '--recursive', '--force', 's3://s3cmd'),
  ]
}

const S3CMD_CLIENT: Client = {
  name: 's3cmd',
  async install() {
    if (missing(S3CMD)) return undefined
    return {
      version: await versionOf(S3CMD.command, ['--version'], /version (\S+)/),
      steps: (endpoint) =>
        inFolder((cwd) =>
          runCommands(S3CMD.command, s3cmdCommands(endpoint), {
            cwd,
            env: { ...environment(endpoint), HOME: cwd },
          }),
        ),
    }
  },
}

const RESOURCES = `
resource "aws_s3_bucket" "b" { bucket = "terraformed" }
resource "aws_s3_object" "o" {
  bucket  = aws_s3_bucket.b.id
  key     = "a b+c"
  content = "0123456789"
}
resource "aws_dynamodb_table" "t" {
  name         = "terraformed"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
}
resource "aws_iam_role" "r" {
  name               = "terraformed"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
resource "aws_cloudwatch_log_group" "g" { name = "terraformed" }
`
const TERRAFORM_COMMANDS: readonly Command[] = [
  words('init', 'init -input=false -no-color'),
  { ...words('apply', 'apply -auto-approve -input=false -no-color'), expects: '5 added' },
  { ...words('plan', 'plan -input=false -no-color'), expects: 'No changes' },
  { ...words('destroy', 'destroy -auto-approve -input=false -no-color'), expects: '5 destroyed' },
]

const TERRAFORM_AWS: Client = {
  name: 'Terraform, with the AWS provider',
  async install() {
    if (missingTerraform()) return undefined
    const provider = readdirSync(join(PLUGINS, 'registry.terraform.io/hashicorp/aws')).find((name) =>
      /\d/.test(name),
    )
    const named = /(\d+\.\d+\.\d+)/.exec(provider ?? '')?.[1] ?? 'unknown'
    return {
      version: `${await versionOf('terraform', ['version'], /Terraform v(\S+)/)}, provider ${named}`,
      async steps(endpoint) {
        const project = new Terraform(RESOURCES)
        const env = { ...environment(endpoint), ...project.environment }
        try {
          return await runCommands('terraform', TERRAFORM_COMMANDS, { cwd: project.folder, env })
        } finally {
          project.remove()
        }
      },
    }
  },
}

export const TOOLS: readonly Client[] = [CLI, CURL_SIGV4, S3CMD_CLIENT, TERRAFORM_AWS]
