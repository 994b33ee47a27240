import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, UNHURRIED_PACING, type Proxy } from '../support/proxy.ts'
import { awsCli } from '../support/python.ts'
import { AWS_CLI, missing, MOTO } from '../support/tools.ts'

describe.skipIf(missing(MOTO, AWS_CLI))('the AWS CLI through the proxy', () => {
  let proxy: Proxy
  const folder = mkdtempSync(join(tmpdir(), 'moderato-cli-'))
  const aws = (command: string, ...more: string[]): Promise<unknown> =>
    awsCli(proxy.url, [...command.split(' '), ...more])

  beforeAll(async () => {
    proxy = await startProxy({
      upstream: await freshMoto(),
      agents: [BUILDER, READER],
      settings: { pacing: UNHURRIED_PACING },
    })
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await proxy?.stop()
  })

  it('tells who it is', async () => {
    expect(await aws('sts get-caller-identity')).toMatchObject({ Account: '123456789012' })
  })

  it('copies a file to S3 and back, lists it, and removes the bucket', async () => {
    const [from, to] = [join(folder, 'from'), join(folder, 'to')]
    // Beyond the CLI's multipart threshold of 8 MB.
    const content = Buffer.alloc(9 * 1024 * 1024, 'moderato')
    writeFileSync(from, content)
    await aws('s3 mb s3://cli')
    await aws('s3 cp --no-progress', from, 's3://cli/some file+name')
    await aws('s3 cp --no-progress', 's3://cli/some file+name', to)
    expect(readFileSync(to).equals(content)).toBe(true)
    expect(await aws('s3 ls s3://cli')).toContain('some file+name')
    await aws('s3 rb --force s3://cli')
    expect(await aws('s3api list-buckets')).toMatchObject({ Buckets: [] })
  })

  it('makes, describes and deletes a DynamoDB table', async () => {
    const keys = ['AttributeName=id,KeyType=HASH', 'AttributeName=id,AttributeType=S']
    const [schema = '', definition = ''] = keys
    const billing = ['--billing-mode', 'PAY_PER_REQUEST']
    const shape = ['--key-schema', schema, '--attribute-definitions', definition, ...billing]
    await aws('dynamodb create-table --table-name t', ...shape)
    expect(await aws('dynamodb list-tables')).toEqual({ TableNames: ['t'] })
    await aws('dynamodb delete-table --table-name t')
    expect(await aws('dynamodb list-tables')).toEqual({ TableNames: [] })
  })

  it('makes, lists and deletes an EC2 security group', async () => {
    await aws('ec2 create-security-group --group-name g --description d')
    const described = await aws('ec2 describe-security-groups --group-names g')
    expect(described).toMatchObject({ SecurityGroups: [{ GroupName: 'g' }] })
    await aws('ec2 delete-security-group --group-name g')
    await expect(aws('ec2 describe-security-groups --group-names g')).rejects.toThrow('InvalidGroup.NotFound')
  })

  it('shows the refusal of an act outside the grant, with what to do', async () => {
    const denied = awsCli(proxy.url, ['sns', 'create-topic', '--name', 't'], READER)
    await expect(denied).rejects.toThrow(
      /AuthorizationError.* when calling the CreateTopic operation: .*grant/s,
    )
  })

  it('comes this way for SQS when --endpoint-url says so: version 1 has the legacy host in its code', async () => {
    const here = ['--endpoint-url', proxy.url]
    expect(await aws('sqs create-queue --queue-name q', ...here)).toMatchObject({
      QueueUrl: expect.any(String),
    })
    await proxy.record(({ operation }) => operation === 'CreateQueue')
  })
})
