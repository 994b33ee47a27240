/** AssumeRoleWithWebIdentity as clients call it by themselves, with tokens of a real OIDC provider, before a real emulator. */
import { OAuth2Server } from 'oauth2-mock-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chapterBlocks } from '../support/markdown.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { missingTerraform, Terraform } from '../support/terraform.ts'
import { builtGoClient, GO } from '../support/toolchains.ts'
import { AWS_CLI, BOTO3, CURL, missing, MOTO } from '../support/tools.ts'
import { run, WorkloadHome } from '../support/workload.ts'

const SUBJECT = 'repo:example/app:ref:refs/heads/main'
const TEMPLATE = 'spiffe://example.org/ci/{repository}'
const goIdentity = missing(MOTO, GO) ? undefined : await builtGoClient('identity')

const BOTO = `
import boto3
s3 = boto3.client('s3')
s3.create_bucket(Bucket='of-boto3')
print(','.join(bucket['Name'] for bucket in s3.list_buckets()['Buckets']))`

const JS = `
import { CreateBucketCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
const s3 = new S3Client({ forcePathStyle: true })
await s3.send(new CreateBucketCommand({ Bucket: 'of-javascript' }))
console.log((await s3.send(new ListBucketsCommand({}))).Buckets.map(({ Name }) => Name).join(','))`

describe.skipIf(missing(MOTO))('a workload with a token of an OIDC provider, and nothing else', () => {
  const issuer = new OAuth2Server()
  const home = new WorkloadHome()
  let proxy: Proxy
  beforeAll(async () => {
    await issuer.issuer.keys.generate('RS256')
    await issuer.start(0, '127.0.0.1')
    issuer.service.on('beforeTokenSigning', ({ payload }: { payload: Record<string, unknown> }) => {
      payload['sub'] = SUBJECT
      payload['repository'] = 'example/app'
    })
    proxy = await startProxy({
      upstream: await freshMoto(),
      agents: [],
      settings: { identity: { providers: [provider()] } },
    })
  })
  afterAll(async () => {
    await proxy?.stop()
    await issuer.stop()
    home.remove()
  })

  function provider(): object {
    const grants = [{ classes: ['read', 'list', 'write', 'destructive'], resources: ['*'] }]
    const rules = [{ match: { repository: 'example/*' }, agent: TEMPLATE, grants }]
    // Each process of terraform takes its token anew.
    return { tokenUses: 8, type: 'oidc', name: 'ci', issuer: issuer.issuer.url, audience: 'moderato', rules }
  }

  /** A token from the provider's own token endpoint. */
  async function token(): Promise<string> {
    const answer = await fetch(`${issuer.issuer.url}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', aud: 'moderato' }),
    })
    const { access_token: text } = (await answer.json()) as { access_token: string }
    return text
  }

  const environment = async (task: string) => home.environment(proxy.url, await token(), task)

  async function expectOpened(task: string): Promise<void> {
    const opening = await proxy.record(
      (line) => line.operation === 'AssumeRoleWithWebIdentity' && line['task'] === task,
    )
    expect(opening).toMatchObject({
      agent: 'spiffe://example.org/ci/example/app',
      decision: 'allow',
      class: 'credentials',
      facts: {
        root: `ci:${TEMPLATE}`,
        task: { openedBy: 'ci', subject: JSON.stringify(SUBJECT), intent: JSON.stringify(task) },
      },
    })
    const made = await proxy.record((line) => line.operation === 'CreateBucket' && line['task'] === task)
    expect(made).toMatchObject({ agent: 'spiffe://example.org/ci/example/app', decision: 'allow' })
  }

  it.skipIf(missing(AWS_CLI))('works with the AWS CLI', async () => {
    const env = await environment('cli-1')
    await run(['aws', 's3', 'mb', 's3://of-the-cli'], env)
    expect(await run(['aws', 's3', 'ls'], env)).toContain('of-the-cli')
    await expectOpened('cli-1')
  })

  it.skipIf(missing(BOTO3))('works with boto3', async () => {
    expect(await run(['python3', '-c', BOTO], await environment('boto3-1'))).toContain('of-boto3')
    await expectOpened('boto3-1')
  })

  it('works with the SDK for JavaScript', async () => {
    const command = [process.execPath, '--input-type=module', '-e', JS] as const
    expect(await run(command, await environment('js-1'))).toContain('of-javascript')
    await expectOpened('js-1')
  })

  it.skipIf(missing(CURL))('opens a task as docs/tasks.md shows it', async () => {
    const [command = ''] = chapterBlocks('docs/tasks.md', '## Open a task over HTTP', 'sh')
    const here = command.replace('http://127.0.0.1:8080', proxy.url)
    const env = { PATH: process.env['PATH'] ?? '', TOKEN: await token() }
    expect(JSON.parse(await run(['sh', '-c', here], env))).toMatchObject({
      task: {
        id: 'clean-up-4711',
        agent: 'spiffe://example.org/ci/example/app',
        narrowed: true,
        scopes: [{ grants: [{ classes: ['read'] }, { classes: ['list'] }] }],
      },
      containerToken: expect.stringMatching(/^M1\./),
    })
  })

  it.skipIf(goIdentity === undefined)('works with the SDK for Go', async () => {
    expect(await run([goIdentity ?? ''], await environment('go-1'))).toContain('of-go')
    await expectOpened('go-1')
  })

  it.skipIf(missingTerraform())('works with terraform', { timeout: 300_000 }, async () => {
    const terraform = new Terraform('resource "aws_s3_bucket" "b" { bucket = "of-terraform" }\n')
    try {
      await terraform.run(['init', '-input=false'], await environment('tf-0'))
      const applied = await terraform.run(
        ['apply', '-auto-approve', '-input=false'],
        await environment('tf-1'),
      )
      expect(applied).toContain('Resources: 1 added')
      const made = await proxy.record((line) => line.operation === 'CreateBucket' && line['task'] === 'tf-1')
      expect(made).toMatchObject({ agent: 'spiffe://example.org/ci/example/app', decision: 'allow' })
      const destroyed = await terraform.run(
        ['destroy', '-auto-approve', '-input=false'],
        await environment('tf-2'),
      )
      expect(destroyed).toContain('Resources: 1 destroyed')
    } finally {
      terraform.remove()
    }
  })
})
