/** Selected parameters, under one name in every service and protocol. */
import { describe, expect, it } from 'vitest'
import type { CallFacts } from '../../../proxy/core/call.ts'
import { classified, dynamodb, ec2, form, json, rest, s3, type Sample } from '../requests.ts'

const ingress = (cidr: string) =>
  ec2(`Action=AuthorizeSecurityGroupIngress&GroupId=sg-1&IpPermissions.1.IpRanges.1.CidrIp=${cidr}`)
const instance = (more: string) =>
  form('rds', `Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier=d${more}`)

describe('facts of a call', () => {
  it.each<[Sample, CallFacts]>([
    [ingress('0.0.0.0/0'), { openToWorld: true }],
    [ingress('10.0.0.0/8'), {}],
    [ec2('Action=AuthorizeSecurityGroupIngress&GroupId=sg-1&CidrIp=0.0.0.0/0'), { openToWorld: true }],
    [
      ec2('Action=AuthorizeSecurityGroupIngress&GroupId=sg-1&IpPermissions.1.Ipv6Ranges.1.CidrIpv6=::/0'),
      { openToWorld: true },
    ],
    [instance('&SkipFinalSnapshot=true'), { skipFinalSnapshot: true }],
    [instance('&SkipFinalSnapshot=false'), {}],
    [rest('ecr', 'POST', '/'), {}],
    [
      json(
        'AmazonEC2ContainerRegistry_V20150921.DeleteRepository',
        { repositoryName: 'r', force: true },
        'ecr',
      ),
      { force: true },
    ],
    [
      json(
        'secretsmanager.DeleteSecret',
        { SecretId: 's', ForceDeleteWithoutRecovery: true },
        'secretsmanager',
      ),
      { force: true },
    ],
    [s3('PUT', '/bucket?acl', '', ['x-amz-acl', 'public-read']), { public: true, acl: ['public-read'] }],
    [s3('PUT', '/bucket?acl', '', ['x-amz-acl', 'private']), { acl: ['private'] }],
    [ec2('Action=TerminateInstances&InstanceId.1=i-1&DryRun=true'), { dryRun: true }],
    [
      dynamodb('CreateTable', { TableName: 't', Tags: [{ Key: 'team', Value: 'a' }] }),
      { tags: ['team'], requestTags: { team: ['a'] } },
    ],
    // What is only removed has no value.
    [
      dynamodb('UntagResource', { ResourceArn: 'arn:aws:dynamodb:us-east-1:1:table/t', TagKeys: ['team'] }),
      { tags: ['team'] },
    ],
    [
      ec2(
        'Action=RunInstances&ImageId=i&MinCount=1&MaxCount=1&InstanceType=p5.48xlarge' +
          '&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=env&TagSpecification.1.Tag.1.Value=dev' +
          '&BlockDeviceMapping.1.Ebs.KmsKeyId=k',
      ),
      { instanceTypes: ['p5.48xlarge'], kmsKeys: ['k'], tags: ['env'], requestTags: { env: ['dev'] } },
    ],
    [
      form(
        'rds',
        'Action=CreateDBInstance&Version=2014-10-31&DBInstanceIdentifier=d&DBInstanceClass=db.r6g.large&Engine=mysql&KmsKeyId=k&Tags.Tag.1.Key=a&Tags.Tag.1.Value=b',
      ),
      { instanceTypes: ['db.r6g.large'], kmsKeys: ['k'], tags: ['a'], requestTags: { a: ['b'] } },
    ],
    [
      rest('lambda', 'POST', '/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af', {
        Tags: { a: 'b' },
      }),
      { tags: ['a'], requestTags: { a: ['b'] } },
    ],
    [
      rest('lambda', 'POST', '/2015-03-31/functions/f/policy', {
        StatementId: 's',
        Action: 'lambda:InvokeFunction',
        Principal: '*',
      }),
      { principals: ['*'] },
    ],
    [
      s3('PUT', '/bucket/key', '', [
        'x-amz-tagging',
        'a=b&c=d%20e',
        'x-amz-server-side-encryption-aws-kms-key-id',
        'k',
      ]),
      { kmsKeys: ['k'], tags: ['a', 'c'], requestTags: { a: ['b'], c: ['d e'] } },
    ],
    // Which of two values the service takes is not known: both are there.
    [
      dynamodb('CreateTable', {
        TableName: 't',
        Tags: [
          { Key: 'env', Value: 'dev' },
          { key: 'env', value: 'prod' },
        ],
      }),
      { tags: ['env', 'env'], requestTags: { env: ['dev', 'prod'] } },
    ],
    [
      dynamodb('CreateTable', {
        TableName: 't',
        Tags: [
          { Key: '__proto__', Value: 'a' },
          { Key: 7, Value: 'b' },
        ],
      }),
      { tags: ['__proto__'], requestTags: Object.fromEntries([['__proto__', ['a']]]) },
    ],
    [dynamodb('DeleteTable', { TableName: 't' }), {}],
  ])('%#', async (sample, facts) => {
    expect((await classified(sample)).facts).toEqual(facts)
  })
})

describe('values of facts', () => {
  it('are bounded in number and length, and are text', async () => {
    const Tags = Array.from({ length: 500 }, (_, i) => ({
      Key: `k${i}${'x'.repeat(500)}`,
      Value: `\ud800${'v'.repeat(5000)}`,
    }))
    const { facts } = await classified(dynamodb('CreateTable', { TableName: 't', Tags }))
    const tags = facts['requestTags'] as Readonly<Record<string, readonly string[]>>
    expect(Object.keys(tags)).toHaveLength(100)
    for (const [key, values] of Object.entries(tags)) {
      expect(key.length).toBeLessThanOrEqual(128)
      for (const each of values) {
        expect(each.length).toBeLessThanOrEqual(256)
        expect(each.isWellFormed()).toBe(true)
      }
    }
    const types = Array.from(
      { length: 50 },
      (_, i) => `&LaunchTemplateConfigs.1.Overrides.${i + 1}.InstanceType=t${i}`,
    )
    const fleet = await classified(ec2(`Action=CreateFleet${types.join('')}`))
    expect(fleet.facts['instanceTypes']).toHaveLength(20)
  })
})
