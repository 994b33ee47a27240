/** What operators say of calls: tags that mean something (S16), and other classes for operations and resources. */
import { describe, expect, it } from 'vitest'
import { arnMatch } from '../../../policy/arn-match.ts'
import type { ClassOverride, OperatorRules } from '../../../proxy/aws/classify/operator-rules.ts'
import { classified, dynamodb, ec2, form, json, rest, s3, type Sample } from '../requests.ts'

const HERE = 'us-east-1:111122223333'
const GUARDED: OperatorRules = { guardedTags: new Set(['environment']), overrides: [], covers: arnMatch }

function overriding(...overrides: ClassOverride[]): OperatorRules {
  return { guardedTags: new Set(), overrides, covers: arnMatch }
}

describe('a tag that policy goes by', () => {
  const table = `arn:aws:dynamodb:${HERE}:table/t`
  const tag = [{ Key: 'Environment', Value: 'test' }]
  const tagged =
    'ResourceType=instance&TagSpecification.1.Tag.1.Key=environment&TagSpecification.1.Tag.1.Value=x'

  it.each<[string, Sample]>([
    ['JSON', dynamodb('TagResource', { ResourceArn: table, Tags: tag })],
    ['JSON, removed', dynamodb('UntagResource', { ResourceArn: table, TagKeys: ['environment'] })],
    ['a map', json('AWSGlue.TagResource', { ResourceArn: 'a', TagsToAdd: { environment: 'x' } }, 'glue')],
    ['a form', ec2('Action=CreateTags&ResourceId.1=i-1&Tag.1.Key=Environment&Tag.1.Value=x')],
    ['a form, removed', ec2('Action=DeleteTags&ResourceId.1=i-1&Tag.1.Key=environment')],
    ['a call that creates', ec2(`Action=RunInstances&ImageId=a&${tagged}`)],
    [
      'a query string',
      rest(
        'lambda',
        'DELETE',
        `/2017-03-31/tags/${encodeURIComponent('arn:aws:lambda:r:1:function:f')}?tagKeys=environment`,
      ),
    ],
    ['a header', s3('PUT', '/bucket/key', 'x', ['x-amz-tagging', 'a=b&environment=prod'])],
    ['a whole set of others', s3('PUT', '/bucket?tagging', '<Tagging><TagSet></TagSet></Tagging>')],
    ['none of a whole set', s3('DELETE', '/bucket/key?tagging')],
    [
      'the API of all tags',
      json('ResourceGroupsTaggingAPI_20170126.UntagResources', { TagKeys: ['ENVIRONMENT'] }, 'tagging'),
    ],
    [
      'IAM',
      form(
        'iam',
        'Action=TagRole&Version=2010-05-08&RoleName=r&Tags.member.1.Key=environment&Tags.member.1.Value=x',
      ),
    ],
  ])('is a guard, and no mere tag: %s', async (_what, sample) => {
    const { classes } = await classified(sample, GUARDED)
    expect(classes).toContain('protection')
    expect(classes).not.toContain('tagging')
  })

  it('leaves other tags what they are', async () => {
    const other = dynamodb('TagResource', { ResourceArn: table, Tags: [{ Key: 'Owner', Value: 'me' }] })
    expect((await classified(other, GUARDED)).classes).toEqual(['tagging'])
    expect((await classified(dynamodb('TagResource', { ResourceArn: table, Tags: tag }))).classes).toEqual([
      'tagging',
    ])
  })
})

describe('classes that an operator gives', () => {
  const drop = (TableName: string) => dynamodb('DeleteTable', { TableName })
  const sandbox: ClassOverride = {
    operation: 'dynamodb:DeleteTable',
    resources: [`arn:aws:dynamodb:${HERE}:table/sandbox-*`],
    classes: ['write'],
  }

  it("take the place of the catalogue's for the resources that they name", async () => {
    expect((await classified(drop('sandbox-1'), overriding(sandbox))).classes).toEqual(['write'])
    expect((await classified(drop('prod'), overriding(sandbox))).classes).toEqual(['destructive'])
  })

  it('are not had for a call that touches anything else', async () => {
    const items = { 'sandbox-1': [{ DeleteRequest: { Key: {} } }], prod: [{ DeleteRequest: { Key: {} } }] }
    const rule: ClassOverride = { ...sandbox, operation: 'dynamodb:*' }
    const { class: label } = await classified(
      dynamodb('BatchWriteItem', { RequestItems: items }),
      overriding(rule),
    )
    expect(label).toBe('data-delete')
  })

  it('may be added, to what may touch the resource as well', async () => {
    const rule: ClassOverride = {
      operation: '*:*',
      resources: ['arn:aws:s3:::vault/*'],
      add: ['protection', 'irreversible'],
    }
    const vault = await classified(s3('PUT', '/vault/key', 'x'), overriding(rule))
    expect([vault.class, vault.traits]).toEqual(['protection', ['irreversible', 'may-overwrite']])
    expect((await classified(s3('PUT', '/other/key', 'x'), overriding(rule))).class).toBe('write')
    const anything = await classified(
      ec2('Action=DisassociateVpcCidrBlock&AssociationId=a'),
      overriding(rule),
    )
    expect(anything.classes).toContain('protection')
  })

  it.each([
    ['in another case', 'arn:aws:rds:*:*:db:prod-*', rds('PROD-1')],
    ['under another name', 'arn:aws:secretsmanager:*:*:secret:prod-db-*', secret('prod-db')],
    [
      'with its suffix',
      'arn:aws:secretsmanager:*:*:secret:prod-db',
      secret(`arn:aws:secretsmanager:${HERE}:secret:prod-db-AbCdEf`),
    ],
  ])('are added to a resource %s', async (_, pattern, sample) => {
    const adding = overriding({ operation: '*:*', resources: [pattern], add: ['permissions'] })
    expect((await classified(sample, adding)).classes).toContain('permissions')
    const other = overriding({ operation: '*:*', resources: ['arn:aws:sqs:*:*:other'], add: ['permissions'] })
    expect((await classified(sample, other)).classes).not.toContain('permissions')
  })

  it('make a call milder only for exactly what they name, and graver for what may be that', async () => {
    const rule = (classes: ClassOverride['classes']): ClassOverride => ({
      operation: 'rds:*',
      resources: ['arn:aws:rds:*:*:db:test-*'],
      classes,
    })
    expect((await classified(rds('test-1'), overriding(rule(['write'])))).classes).toEqual(['write'])
    const catalogues = (await classified(rds('TEST-1'))).classes
    expect((await classified(rds('TEST-1'), overriding(rule(['write'])))).classes).toEqual(catalogues)
    expect((await classified(rds('TEST-1'), overriding(rule(['credentials'])))).classes).toEqual([
      ...catalogues,
      'credentials',
    ])
  })
})

function rds(name: string): Sample {
  return form(
    'rds',
    `Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier=${name}&SkipFinalSnapshot=true`,
  )
}

function secret(id: string): Sample {
  return json('secretsmanager.DeleteSecret', { SecretId: id }, 'secretsmanager')
}
