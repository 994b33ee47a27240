/** Every client gets credentials in every way that SDKs know by themselves: no code of its own, an environment and a profile. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { awsEnvironment } from '../support/python.ts'
import { sampled } from '../support/sample.ts'
import { askTasks } from '../support/tasks.ts'
import { missingTerraform, Terraform } from '../support/terraform.ts'
import { builtGoClient, GO } from '../support/toolchains.ts'
import { AWS_CLI, BOTO3, missing, MOTO } from '../support/tools.ts'
import { keyless, ROLE, run } from '../support/workload.ts'

const MAIN = resolve(import.meta.dirname, '../../proxy/main.ts')
const absentMoto = missing(MOTO)
const absentTerraform = missingTerraform()
const goIdentity = missing(GO) || absentMoto ? undefined : await builtGoClient('identity')
const JS = `
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
await new S3Client({ forcePathStyle: true }).send(new ListBucketsCommand({}))`

type Environment = Readonly<Record<string, string>>

let proxy: Proxy
const folder = mkdtempSync(join(tmpdir(), 'moderato-ways-'))
const terraform = new Terraform('data "aws_s3_bucket" "b" { bucket = "there" }\n')
beforeAll(async () => {
  proxy = await startProxy({ upstream: await freshMoto() })
  await run(['aws', 's3', 'mb', 's3://there'], awsEnvironment(proxy.url))
  if (!absentTerraform) await terraform.run(['init', '-input=false'], awsEnvironment(proxy.url))
})
afterAll(async () => {
  terraform.remove()
  rmSync(folder, { recursive: true, force: true })
  await proxy?.stop()
})

/** The environment of a workload that has no key in it, with a HOME and profiles of its own. */
function workload(task: string, profiles: string): Record<string, string> {
  const home = join(folder, task)
  mkdirSync(home)
  const config = join(home, 'config')
  writeFileSync(config, profiles)
  return { ...keyless(proxy.url, home), AWS_CONFIG_FILE: config }
}

/** Each for a task of that name; token exchange has tests of its own (web-identity.test.ts). */
const WAYS: readonly [string, (task: string) => Promise<Environment>][] = [
  [
    'the container credentials endpoint',
    async (task) => {
      const { json } = await askTasks(proxy, BUILDER, { id: task, intent: task })
      return {
        ...workload(task, ''),
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${proxy.url}/.moderato/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: json.containerToken,
      }
    },
  ],
  [
    'credential_process',
    (task) => {
      const command = `${process.execPath} ${MAIN} credentials --task ${task} --id ${task} --proxy ${proxy.url}`
      return Promise.resolve({
        ...workload(task, `[default]\nregion = us-east-1\ncredential_process = ${command}\n`),
        MODERATO_ACCESS_KEY_ID: BUILDER.accessKeyId,
        MODERATO_SECRET_ACCESS_KEY: BUILDER.secretAccessKey,
      })
    },
  ],
  [
    'a role that a profile names',
    (task) => {
      const base = `[profile base]\naws_access_key_id = ${BUILDER.accessKeyId}\naws_secret_access_key = ${BUILDER.secretAccessKey}\n`
      const role = `role_arn = ${ROLE}\nrole_session_name = ${task}\nsource_profile = base\n`
      const env = workload(task, `${base}[profile worker]\nregion = us-east-1\n${role}`)
      return Promise.resolve({ ...env, AWS_PROFILE: 'worker' })
    },
  ],
]

const CLIENTS: readonly [string, boolean, (env: Environment) => Promise<unknown>][] = [
  ['the AWS CLI', missing(AWS_CLI), (env) => run(['aws', 's3', 'ls'], env)],
  [
    'boto3',
    missing(BOTO3),
    (env) => run(['python3', '-c', "import boto3; boto3.client('s3').list_buckets()"], env),
  ],
  ['the SDK for JavaScript', false, (env) => run([process.execPath, '--input-type=module', '-e', JS], env)],
  ['the SDK for Go', goIdentity === undefined, (env) => run([goIdentity ?? ''], env)],
  ['terraform', absentTerraform, (env) => terraform.run(['apply', '-auto-approve', '-input=false'], env)],
]

/** Each client in one of the ways, drawn by the seed; each in all of them in the thorough run. */
const PAIRS = CLIENTS.flatMap(([client, skipped, work], index) =>
  sampled(WAYS, 1, index).map(([way, environment]) => ({ client, skipped, work, way, environment })),
)

describe.skipIf(absentMoto || missing(AWS_CLI))('credentials', () => {
  for (const { client, skipped, work, way, environment } of PAIRS) {
    it.skipIf(skipped)(`by ${way}: ${client} gets to work`, { timeout: 120_000 }, async () => {
      const task = `${way} ${client}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
      await work(await environment(task))
      const call = await proxy.record((line) => line['task'] === task && line['service'] === 's3')
      expect(call).toMatchObject({ agent: BUILDER.id, decision: 'allow' })
    })
  }
})
