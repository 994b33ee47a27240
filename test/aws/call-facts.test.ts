/** Selected parameters, under one name in every service and protocol. */
import { describe, expect, it } from 'vitest'
import type { CallFacts } from '../../proxy/exchange.ts'
import { classified, dynamodb, ec2, form, json, rest, s3 } from './requests.ts'
import type { Sample } from './requests.ts'

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
    [s3('PUT', '/bucket?acl', '', ['x-amz-acl', 'public-read']), { public: true }],
    [ec2('Action=TerminateInstances&InstanceId.1=i-1&DryRun=true'), { dryRun: true }],
    [dynamodb('CreateTable', { TableName: 't', Tags: [{ Key: 'team', Value: 'a' }] }), { tags: ['team'] }],
    [dynamodb('DeleteTable', { TableName: 't' }), {}],
  ])('%#', async (sample, facts) => {
    expect((await classified(sample)).facts).toEqual(facts)
  })
})
