import { describe, expect, it } from 'vitest'
import { patternAdvice } from '../../policy/pattern-advice.ts'
import { OTHER_NAMES } from '../../policy/resource-names.ts'

describe('patternAdvice', () => {
  it.each([
    ['arn:aws:secretsmanager:*:*:secret:prod-db-*', 'write the name of the secret'],
    ['arn:aws:secretsmanager:*:*:secret:prod-db-AbCdEf', 'write the name of the secret'],
    ['arn:aws:secretsmanager:*:*:secret:prod-db-??????', 'write * for any characters'],
    ['arn:aws:ec2:*:*:launch-template/web-*', 'write its id (lt-...)'],
    ['arn:aws:ec2:*:*:security-group/web', 'write its id (sg-...)'],
    ['arn:aws:config:*:*:config-rule/config-rule-0a1b2c', 'write its name'],
    ['arn:aws:lightsail:*:*:Instance/1a2b3c4d-0a1b-0a1b-0a1b-1a2b3c4d5e6f', 'write its name'],
    ['arn:aws:kms:*:*:alias/prod', 'write the ARN of the key'],
    ['arn:aws:lambda:*:*:function:f', 'end it with *'],
    ['arn:aws:logs:*:*:log-group:/prod/x', 'end it with *'],
    ['arn:aws:cloudformation:*:*:stack/prod', 'write stack/NAME/*'],
    ['arn:aws:iam::*:role/team/prod', 'without its path'],
    ['arn:aws:ecs:*:*:service/web', 'write service/CLUSTER/NAME'],
    ['arn:aws:events:*:*:rule/default/r', 'write rule/NAME'],
    ['arn:aws:ssm:*:*:parameter//prod/x', 'write parameter/NAME'],
    ['arn:aws:rds:*:*:db:Prod-*', 'write it in lower case'],
    ['arn:aws:s3:*:*:accesspoint/ap/*', 'name the bucket as well'],
    ['arn:aws:s3:::bucket/${aws:username}/*', 'has ${aws:username}, which stands for itself'],
    ['arn:aws:s3:::bucket/${*', 'only ${*}, ${?} and ${$} mean a character'],
  ])('of %s says: %s', (pattern, words) => {
    expect(patternAdvice(pattern)).toContain(words)
  })

  it.each([
    '*',
    'arn:aws:secretsmanager:*:*:secret:prod-db*',
    'arn:aws:secretsmanager:*:*:secret:prod-*-db*',
    'arn:aws:ec2:*:*:launch-template/lt-0a1b',
    'arn:aws:ec2:*:*:launch-template/*',
    'arn:aws:rds:*:*:db-proxy:prod',
    'arn:aws:kms:*:*:key/*',
    'arn:aws:lambda:*:*:function:f*',
    'arn:aws:lambda:*:*:function:f:live',
    'arn:aws:cloudformation:*:*:stack/prod/*',
    'arn:aws:iam::*:role/prod',
    'arn:aws:ecs:*:*:service/c/web',
    'arn:aws:events:*:*:rule/r',
    'arn:aws:ssm:*:*:parameter/prod/*',
    'arn:aws:rds:*:*:db:prod-*',
    'arn:aws:dynamodb:*:*:table/Prod-*',
    'arn:aws:s3:::bucket/a?b*',
    'arn:aws:s3:::bucket/logs/${*}',
    'arn:aws:dynamodb:*:*:table/a${?}${$}',
  ])('has none for %s', (pattern) => {
    expect(patternAdvice(pattern)).toBeUndefined()
  })

  it('has a source for every row of the table', () => {
    for (const [type, { source, write }] of Object.entries(OTHER_NAMES)) {
      expect(type).toMatch(/^[a-z0-9-]+:[\w-]+$/)
      expect([source.length > 20, write.length > 10]).toEqual([true, true])
    }
  })
})
