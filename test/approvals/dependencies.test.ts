import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dependenciesOf, touches } from '../../proxy/approvals/dependencies.ts'
import { callOf, HERE, js, put, ssm, templateAt } from './aws-calls.ts'
import { DELETE_TABLE, decided, json } from './calls.ts'

const CFN = 'https://s3.eu-west-1.amazonaws.com/templates/a%20b.yaml'

describe('dependenciesOf', () => {
  it('is nothing for a call that says itself what it does', async () => {
    const { call } = await decided(DELETE_TABLE)
    expect(dependenciesOf(call)).toEqual([])
    const byArn = js('dynamodb', 'DynamoDB_20120810.DeleteTable', {
      TableName: `arn:aws:dynamodb:${HERE}:table/orders`,
    })
    expect(dependenciesOf(await callOf(byArn))).toEqual([])
  })

  it('is what an opaque call acts on, and what it has AWS read', async () => {
    const call = await callOf(templateAt(CFN))
    expect(call.classes).toContain('opaque')
    expect(dependenciesOf(call)).toEqual(
      expect.arrayContaining([...call.resources, 'arn:aws:s3:::templates/a b.yaml']),
    )
  })

  it.each([
    ['{"Code":{"S3Bucket":"code","S3Key":"f.zip"}}', 'arn:aws:s3:::code/f.zip'],
    ['{"u":"https://code.s3.amazonaws.com/f.zip?versionId=1"}', 'arn:aws:s3:::code/f.zip'],
    ['{"u":"https:\\/\\/code.s3.eu-west-1.amazonaws.com\\/f.zip"}', 'arn:aws:s3:::code/f.zip'],
    ['{"u":"s3://code/f.zip"}', 'arn:aws:s3:::code/f.zip'],
    ['{"u":["arn:aws:iam::1:role/r"]}', 'arn:aws:iam::1:role/r'],
  ])('finds what %s names', async (text, name) => {
    const call = await callOf([json('AmazonSSM.SendCommand', text), { service: 'ssm' }])
    expect(dependenciesOf({ ...call, classes: ['opaque'] })).toContain(name)
  })

  it('is bounded, and everything for a call that names more', async () => {
    const text = JSON.stringify({ u: Array.from({ length: 5000 }, (_, index) => `arn:aws:s3:::b/${index}`) })
    const call = await callOf([json('AmazonSSM.SendCommand', text), { service: 'ssm' }])
    const names = dependenciesOf({ ...call, classes: ['opaque'] })
    expect(names).toHaveLength(101)
    expect(touches(await callOf(put('/anything/at-all')), names, 'ssm')).toBe(true)
  })

  it('is everything for an opaque call on more things than are kept', async () => {
    const call = await callOf(ssm('SendCommand', { DocumentName: 'roll' }))
    const resources = Array.from({ length: 500 }, (_, index) => `arn:aws:ec2:${HERE}:instance/i-${index}`)
    const names = dependenciesOf({ ...call, resources })
    expect(names).toHaveLength(200)
    expect(touches({ service: 'ec2', resources: [`arn:aws:ec2:${HERE}:instance/i-499`] }, names, 'ssm')).toBe(
      true,
    )
  })

  it.each([
    '${',
    '{{',
    'http://',
    'http://s3.',
    's3://',
    'arn:aws:',
    'resolve:ssm:',
    'alias/',
    'AAAA',
    String.raw`\u0024`,
  ])('is found in a text of nothing but %s, however long', async (text) => {
    const commands = [text.repeat(Math.floor(900_000 / text.length)), 's3://code/f.zip']
    const call = await callOf(
      ssm('SendCommand', { DocumentName: 'AWS-RunShellScript', Parameters: { commands } }),
    )
    expect(touches(await callOf(put('/code/f.zip')), dependenciesOf(call), 'ssm')).toBe(true)
  })

  it('finds a name wherever it stands in a request, whatever surrounds it', async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{2,10}$/)
    const around = fc.string({
      unit: fc.constantFrom('"', ' ', '\n', '(', '{', '`', '&', '=', ';', ')'),
      maxLength: 3,
    })
    await fc.assert(
      fc.asyncProperty(name, name, around, async (bucket, key, before) => {
        const commands = [`${before}s3://${bucket}/${key}${before}`]
        const call = await callOf(
          ssm('SendCommand', { DocumentName: 'AWS-RunShellScript', Parameters: { commands } }),
        )
        expect(touches(await callOf(put(`/${bucket}/${key}`)), dependenciesOf(call), 'ssm')).toBe(true)
      }),
      { numRuns: 30 },
    )
  })
})

describe('touches', () => {
  const F = 'arn:aws:lambda:us-east-1:1:function:f'
  it.each([
    [F, F, true],
    [`${F}:prod`, F, true],
    [F, `${F}:prod`, true],
    [F, 'arn:aws:lambda:us-east-1:1:function:f2', false],
    [F, 'arn:aws:lambda:us-east-1:*:function:f', true],
    [F, 'arn:aws:lambda:us-east-1:*:function:f:live', true],
    ['arn:aws:s3:::b/k', 'arn:aws:s3:::b/k', true],
    ['arn:aws:s3:::b/k', 'arn:aws:s3:::b/*', true],
    ['arn:aws:s3:::b/k', 'arn:aws:s3:::b', true],
    ['arn:aws:s3:::b/k', 'arn:aws:s3:::b2/k', false],
    ['arn:aws:s3:::b/folder/', 'arn:aws:s3:::b/folder/k', true],
    ['arn:aws:glue:us-east-1:1:job/Job', 'arn:aws:glue:us-east-1:1:job/jOB', true],
    [
      'arn:aws:secretsmanager:us-east-1:1:secret:s',
      'arn:aws:secretsmanager:us-east-1:1:secret:s-AbCdEf',
      true,
    ],
  ])('what depends on %s is touched by a change of %s: %s', (name, resource, expected) => {
    expect(touches({ service: 's3', resources: [resource] }, [name], 'lambda')).toBe(expected)
  })

  it('takes what is not known for anything of its service', () => {
    expect(touches({ service: 'lambda', resources: ['*'] }, [F], 'lambda')).toBe(true)
    expect(touches({ service: 'sqs', resources: ['*'] }, [F], 'lambda')).toBe(false)
    expect(touches({ service: 'ssm', resources: ['arn:aws:ssm:us-east-1:1:document/d'] }, ['*'], 'ssm')).toBe(
      true,
    )
    expect(touches({ service: 'ssm', resources: ['arn:aws:ssm:us-east-1:1:document/d'] }, [], 'ssm')).toBe(
      true,
    )
  })

  it('takes what is not known for anything of the services that the call reads from', () => {
    expect(touches({ service: 'lambda', resources: ['*'] }, [F], 'config')).toBe(true)
  })
})
