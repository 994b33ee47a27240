/** What stands behind the names of resource types and of AWS's own documents. */
import { describe, expect, it } from 'vitest'
import { operationsOfType } from '../../../../proxy/aws/classify/contents/type-names.ts'
import { NAMED, SERVICES, TYPE_SETTINGS } from '../../../../proxy/aws/classify/contents/type-tables.ts'
import { propertiesSay } from '../../../../proxy/aws/classify/contents/property-kinds.ts'
import { ownedDocument } from '../../../../proxy/aws/classify/contents/owned-documents.ts'
import { catalogue, classified, dynamodb, json } from '../../requests.ts'

const keysOf = (type: string) =>
  operationsOfType(type, catalogue).making.map(({ service, name }) => `${service.model}.${name}`)

describe('a type of CloudFormation', () => {
  it.each([
    ['AWS::IAM::Role', 'iam.CreateRole'],
    ['AWS::CertificateManager::Certificate', 'acm.RequestCertificate'],
    ['AWS::Cognito::UserPool', 'cognito-idp.CreateUserPool'],
    ['AWS::MSK::Cluster', 'kafka.CreateCluster'],
    ['AWS::EC2::Instance', 'ec2.RunInstances'],
    ['AWS::ControlTower::EnabledControl', 'controltower.EnableControl'],
  ])('%s is made by %s', (type, operation) => {
    expect(keysOf(type)).toContain(operation)
  })

  it('is unknown if no operation makes it', () => {
    expect(operationsOfType('AWS::Nobody::Knows', catalogue).isKnown).toBe(false)
    expect(operationsOfType('not a type', catalogue).isKnown).toBe(false)
  })

  it('is named by tables that the catalogue knows', () => {
    const keys = [...Object.values(NAMED), ...Object.values(TYPE_SETTINGS)].flat()
    const unknown = keys.filter((key) => {
      const [model = '', name = ''] = key.split('.')
      return catalogue.service(model)?.operation(name) === undefined
    })
    expect(unknown).toEqual([])
    const services = Object.values(SERVICES).flat()
    expect(services.filter((each) => catalogue.servicesNamed(each).length === 0)).toEqual([])
  })
})

describe('a property', () => {
  it.each([
    [{ DeletionProtection: true }, true, []],
    [{ DeletionProtection: { Ref: 'P' } }, true, ['protection']],
    [{ BackupRetentionPeriod: 7 }, true, []],
    [{ BackupRetentionPeriod: 7 }, false, ['protection']],
    [{ BackupRetentionPeriod: 35 }, false, []],
    [{ BackupRetentionPeriod: 0 }, true, ['protection']],
    [{ RetentionInDays: 1 }, false, ['protection', 'destructive']],
    [{ RetentionInDays: 1 }, true, []],
    [{ PublicAccessBlockConfiguration: { BlockPublicAcls: true } }, true, []],
    [{ AuthorizationType: 'AWS_IAM' }, true, []],
    [{ AuthorizationType: 'NONE' }, true, ['permissions']],
    [{ LifecycleConfiguration: { Rules: [{ ExpirationInDays: 1 }] } }, true, ['destructive']],
    [{ LifecycleConfiguration: { Rules: [{ Transitions: [] }] } }, true, []],
  ])('%j, new: %s, says %j', (properties, isNew, said) => {
    expect(propertiesSay('AWS::A::B', properties, isNew)).toEqual(said)
  })

  it('may mean a guard for one type and nothing for another', () => {
    expect(propertiesSay('AWS::KMS::Key', { Enabled: false }, true)).toContain('protection')
    expect(propertiesSay('AWS::A::B', { Enabled: false }, true)).toEqual([])
  })
})

describe("a document of AWS's own", () => {
  it('counts the longest of its lists, but not who acts', () => {
    const roles = ['a', 'b', 'c', 'd']
    const [found] = ownedDocument('AWS-TerminateEC2Instance', {
      InstanceId: ['i-1', 'i-2'],
      AutomationAssumeRole: roles,
    })
    expect(found?.count).toBe(2)
  })

  it('says nothing if only a part of its name is like one', () => {
    expect(ownedDocument('my-AWS-TerminateEC2Instance', {})).toEqual([])
    expect(ownedDocument('AWSX-TerminateEC2Instance', {})).toEqual([])
  })
})

describe('without any client', () => {
  it('a schedule in a state machine in a schedule is read to the end', async () => {
    const inner = {
      DocumentName: 'AWS-TerminateEC2Instance',
      Parameters: { InstanceId: ['i-1', 'i-2', 'i-3'] },
    }
    const states = {
      A: {
        Type: 'Task',
        Resource: 'arn:aws:states:::aws-sdk:ssm:startAutomationExecution',
        Parameters: inner,
        End: true,
      },
    }
    const definition = JSON.stringify({ StartAt: 'A', States: states })
    const call = await classified(
      json('AWSStepFunctions.CreateStateMachine', { name: 'm', roleArn: 'r', definition }, 'states'),
    )
    expect(call.classes).toContain('destructive')
    expect(call.count).toBe(3)
  })

  it('an update that erases is data-delete, and an unreadable one too', async () => {
    const classesOf = async (UpdateExpression: string) =>
      (await classified(dynamodb('UpdateItem', { TableName: 't', Key: { a: { S: '1' } }, UpdateExpression })))
        .classes
    expect(await classesOf('REMOVE b')).toEqual(['write', 'data-delete'])
    expect(await classesOf('SET b = :v')).toEqual(['write'])
    expect(await classesOf('nonsense')).toEqual(['write', 'data-delete'])
    expect(await classesOf(`SET b = :v ${','.repeat(200_000)}`)).toEqual(['write', 'data-delete'])
  })
})
