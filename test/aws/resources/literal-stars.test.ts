/** A star that is a part of a name, and one that stands for what nobody knows. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arnMatch } from '../../../policy/arn-match.ts'
import { literalName } from '../../../policy/literal-names.ts'
import { HOLDS_STARS } from '../../../policy/resource-names.ts'
import { restricts } from '../../../policy/restricts.ts'
import { catalogue, classified, dynamodb, ec2, form, json, rest, s3, type Sample } from '../requests.ts'

const HERE = 'us-east-1:111122223333'
const copy = (source: string) => s3('PUT', '/bucket/k', '', ['x-amz-copy-source', source])
const deletes = (...keys: string[]) =>
  s3(
    'POST',
    '/bucket?delete',
    `<Delete>${keys.map((each) => `<Object><Key>${each}</Key></Object>`).join('')}</Delete>`,
  )
const alarm = (...names: string[]) =>
  form(
    'monitoring',
    `Action=DeleteAlarms&Version=2010-08-01&${names.map((each, at) => `AlarmNames.member.${at + 1}=${encodeURIComponent(each)}`).join('&')}`,
  )

describe('a star in a name', () => {
  it.each<[Sample, readonly string[]]>([
    [s3('DELETE', '/bucket/logs/*'), ['arn:aws:s3:::bucket/logs/${*}']],
    [s3('DELETE', '/bucket/logs/%2A'), ['arn:aws:s3:::bucket/logs/${*}']],
    [s3('GET', '/bucket/%24%7B%2A%7D'), ['arn:aws:s3:::bucket/${$}{${*}}']],
    [s3('GET', '/bucket/data_%24folder%24'), ['arn:aws:s3:::bucket/data_$folder$']],
    [s3('GET', '/bucket/a%3Fb'), ['arn:aws:s3:::bucket/a?b']],
    [s3('GET', '/bucket/$%7B'), ['arn:aws:s3:::bucket/${$}{']],
    [
      deletes('*', 'a/**', '${*}'),
      ['arn:aws:s3:::bucket/${*}', 'arn:aws:s3:::bucket/a/${*}${*}', 'arn:aws:s3:::bucket/${$}{${*}}'],
    ],
    [copy('/other/logs/*'), ['arn:aws:s3:::bucket/k', 'arn:aws:s3:::other/logs/${*}']],
    [copy('other/logs/%2A?versionId=1'), ['arn:aws:s3:::bucket/k', 'arn:aws:s3:::other/logs/${*}']],
    [
      s3('GET', '/arn%3Aaws%3As3%3Aus-east-1%3A111122223333%3Aaccesspoint%2Fap/*'),
      ['*', 'arn:aws:s3:us-east-1:111122223333:accesspoint/ap/${*}'],
    ],
    [
      alarm('prod*', 'x'),
      [`arn:aws:cloudwatch:${HERE}:alarm:prod\${*}`, `arn:aws:cloudwatch:${HERE}:alarm:x`],
    ],
    [
      form('autoscaling', 'Action=DeleteAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=g*'),
      [`arn:aws:autoscaling:${HERE}:autoScalingGroup:*:autoScalingGroupName/g\${*}`],
    ],
    [ec2('Action=DeleteSecurityGroup&GroupName=a*'), [`arn:aws:ec2:${HERE}:security-group/a\${*}`]],
    [
      rest('apigateway', 'DELETE', '/domainnames/*.example.com'),
      ['arn:aws:apigateway:us-east-1::/domainnames/${*}.example.com'],
    ],
  ])('is one where names may have stars: %#', async (sample, resources) => {
    expect((await classified(sample)).resources).toEqual(resources)
  })

  it.each<[Sample, readonly string[]]>([
    [dynamodb('DeleteTable', { TableName: 'prod*' }), [`arn:aws:dynamodb:${HERE}:table/prod*`]],
    [dynamodb('DeleteTable', { TableName: '${*}' }), [`arn:aws:dynamodb:${HERE}:table/\${$}{*}`]],
    [dynamodb('DeleteTable', { TableName: 'prod$' }), [`arn:aws:dynamodb:${HERE}:table/prod\${$}`]],
    [
      dynamodb('DeleteTable', { TableName: `arn:aws:dynamodb:${HERE}:table/\${*}` }),
      [`arn:aws:dynamodb:${HERE}:table/\${$}{*}`],
    ],
    [
      dynamodb('BatchGetItem', { RequestItems: { 'a*': { Keys: [] }, '${*}': { Keys: [] } } }),
      [`arn:aws:dynamodb:${HERE}:table/a*`, `arn:aws:dynamodb:${HERE}:table/\${$}{*}`],
    ],
    [
      json('Logs_20140328.DeleteLogGroup', { logGroupName: '/prod/*' }, 'logs'),
      [`arn:aws:logs:${HERE}:log-group:/prod/*`],
    ],
    [
      json('AmazonSSM.DeleteParameters', { Names: ['/prod/*'] }, 'ssm'),
      [`arn:aws:ssm:${HERE}:parameter/prod/*`],
    ],
    [
      json('secretsmanager.DeleteSecret', { SecretId: 'prod/*' }, 'secretsmanager'),
      [`arn:aws:secretsmanager:${HERE}:secret:prod/*`],
    ],
    [rest('apigateway', 'DELETE', '/restapis/*'), ['arn:aws:apigateway:us-east-1::/restapis/*']],
    [s3('DELETE', '/*'), ['*', 'arn:aws:s3:::*']],
    [s3('DELETE', '/%24%7B%2A%7D/k'), ['*', 'arn:aws:s3:::${$}{*}/k']],
  ])('stands for any characters where they may not: %#', async (sample, resources) => {
    expect((await classified(sample)).resources).toEqual(resources)
  })

  it('lets no object escape from a rule, is held by no other, and widens no grant', async () => {
    const unit = fc.constantFrom('*', '?', '$', '{', '}', 'a', '/')
    const text = fc.string({ unit, minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(text, text, async (key, named) => {
        const path = key.split('/').map(encodeURIComponent).join('/')
        const [resource = ''] = (await classified(s3('DELETE', `/bucket/${path}`))).resources
        const { resources } = await classified(deletes(key.replaceAll('$', '&#36;')))
        expect(resources).toEqual([resource])
        const rule = [`arn:aws:s3:::bucket/${literalName(named)}`]
        expect(restricts(rule, resource)).toBe(key === named)
        expect(arnMatch(rule, resource)).toBe(key === named)
        expect(restricts([`arn:aws:s3:::bucket/${literalName(key.slice(0, 1))}*`], resource)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the table of names that may have stars', () => {
  it('has types of the catalogue, with their sources', () => {
    const types = new Set<string>()
    for (const model of catalogue.models)
      for (const name of catalogue.service(model)?.operationNames ?? [])
        for (const { template = '' } of catalogue.service(model)?.operation(name)?.resources ?? []) {
          const [, , service, , , type = ''] = template.replaceAll(/\$\{\w+\}/g, '$').split(':')
          types.add(`${service}:${type.split('/')[0]}`)
        }
    for (const [type, source] of Object.entries(HOLDS_STARS)) {
      if (!type.startsWith('apigateway:')) expect(types).toContain(type)
      expect(source.length).toBeGreaterThan(20)
    }
  })
})
