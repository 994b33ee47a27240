import { describe, expect, it } from 'vitest'
import { dependenciesOf, touches } from '../../proxy/approvals/dependencies.ts'
import { DELETE_TABLE, decided, json, query } from './calls.ts'

const CFN = 'https://s3.eu-west-1.amazonaws.com/templates/a%20b.yaml'

describe('dependsOn', () => {
  it('is nothing for a call that says itself what it does', async () => {
    const { call, outgoing } = await decided(DELETE_TABLE)
    expect(dependenciesOf(call, outgoing, 'us-east-1')).toEqual([])
  })

  it('is what an opaque call acts on, and what it has AWS read', async () => {
    const body = `Action=CreateStack&Version=2010-05-15&StackName=prod&TemplateURL=${encodeURIComponent(CFN)}`
    const { call, outgoing } = await decided(query(body), { service: 'cloudformation' })
    expect(call.classes).toContain('opaque')
    const names = dependenciesOf(call, outgoing, 'us-east-1')
    expect(names).toEqual(expect.arrayContaining([...call.resources, 'arn:aws:s3:::templates/a b.yaml']))
  })

  it.each([
    ['{"Code":{"S3Bucket":"code","S3Key":"f.zip"}}', 'arn:aws:s3:::code/f.zip'],
    ['{"u":"https://code.s3.amazonaws.com/f.zip?versionId=1"}', 'arn:aws:s3:::code/f.zip'],
    ['{"u":"https:\\/\\/code.s3.eu-west-1.amazonaws.com\\/f.zip"}', 'arn:aws:s3:::code/f.zip'],
    ['{"u":"s3://code/f.zip"}', 'arn:aws:s3:::code/f.zip'],
    ['{"u":["arn:aws:iam::1:role/r"]}', 'arn:aws:iam::1:role/r'],
  ])('finds what %s names', async (text, name) => {
    const { call, outgoing } = await decided(json('AmazonSSM.SendCommand', text), { service: 'ssm' })
    expect(dependenciesOf({ ...call, classes: ['opaque'] }, outgoing, 'us-east-1')).toContain(name)
  })

  it('is bounded', async () => {
    const text = JSON.stringify({ u: Array.from({ length: 5000 }, (_, index) => `arn:aws:s3:::b/${index}`) })
    const { call, outgoing } = await decided(json('AmazonSSM.SendCommand', text), { service: 'ssm' })
    expect(dependenciesOf({ ...call, classes: ['opaque'] }, outgoing, 'us-east-1')).toHaveLength(100)
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
})
