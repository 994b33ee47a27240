/** Rule S24: no name enters unjudged, and no rule has a hole beside it. */
import { describe, expect, it } from 'vitest'
import { judge, predicateFor, verbIn } from '../../../proxy/aws/catalogue/judge.ts'
import { KIND_NAMES, readKinds } from '../../../proxy/aws/catalogue/kinds.ts'
import type { ServiceModel } from '../../../proxy/aws/catalogue/model.ts'
import { holesIn } from '../../../proxy/aws/catalogue/neighbours.ts'

function modelWith(operation: string, members: Readonly<Record<string, string>>): ServiceModel {
  const shapes = Object.fromEntries(
    Object.values(members).map((each) => [each, { type: each.toLowerCase() }]),
  )
  const input = Object.fromEntries(Object.entries(members).map(([name, shape]) => [name, { shape }]))
  return {
    metadata: { apiVersion: '1', endpointPrefix: 'x', protocol: 'json', serviceId: 'X' },
    operations: {
      [operation]: { name: operation, http: { method: 'POST', requestUri: '/' }, input: { shape: 'Input' } },
    },
    shapes: { ...shapes, Input: { type: 'structure', members: input } },
  }
}

function judgedWith(operation: string, members: Readonly<Record<string, string>>) {
  const kinds = readKinds()
  const model = modelWith(operation, members)
  const found = judge(kinds, { model, name: 'x', operation, level: 'W' })
  return { ...found, unjudged: [...kinds.unjudged] }
}

describe('the kinds', () => {
  it('stop at a name of a member that matches one of them and that nobody judged', () => {
    const { unjudged } = judgedWith('UpdateThing', { NewestResourcePolicyDocument: 'String' })
    expect(unjudged).toEqual(['access: newestResourcePolicyDocument (NewestResourcePolicyDocument)'])
  })

  it('stop at the name of an operation, and at a verb', () => {
    expect(judgedWith('PutFrobResourcePolicy', {}).unjudged).toEqual(['access: PutFrobResourcePolicy'])
    expect(judgedWith('FrobnicateThing', {}).unjudged).toEqual(['verbs: Frobnicate (x.FrobnicateThing)'])
  })

  it('compare by value where the model says which values there are', () => {
    const members = {
      BackupRetentionPeriod: 'Integer',
      DeletionProtection: 'Boolean',
      PubliclyAccessible: 'Boolean',
    }
    expect(judgedWith('UpdateThing', members).rules).toEqual([
      ['b:BackupRetentionPeriod', '<35', ['protection']],
      ['b:DeletionProtection', '=false', ['protection']],
      ['b:PubliclyAccessible', '=true', ['permissions']],
    ])
  })

  it('stop at a member whose values remove or stop, whatever its name', () => {
    const model = modelWith('UpdateThing', { FrobChoice: 'String' })
    const shapes = { ...model.shapes, String: { type: 'string', enum: ['KEEP', 'DELETE'] } }
    const kinds = readKinds()
    judge(kinds, { model: { ...model, shapes }, name: 'x', operation: 'UpdateThing', level: 'W' })
    expect([...kinds.unjudged]).toEqual(['destroy: frobChoice (FrobChoice)'])
    expect(judgedWith('UpdateThing', { FrobChoice: 'String' }).unjudged).toEqual([])
  })

  it('find those of the values that remove', () => {
    expect(predicateFor('listed', { type: 'string', enum: ['KEEP', 'DELETE'] }, /^delete/i)).toBe('=DELETE')
    expect(predicateFor('listed', { type: 'string', enum: ['KEEP'] }, /^delete/i)).toBeUndefined()
    expect(predicateFor('listed', { type: 'string' }, /^delete/i)).toBeUndefined()
  })

  it('find those of the values that switch off, however they are spelled', () => {
    const modes = { type: 'string', enum: ['disableAutoCompute', 'enableAutoCompute', 'refresh'] }
    expect(predicateFor('weak', modes)).toBe('=disableAutoCompute')
    expect(predicateFor('weak', { type: 'string', enum: ['DISABLE_ALL', 'ON'] })).toBe('=DISABLE_ALL')
    expect(predicateFor('weak', { type: 'string', enum: ['refresh'] })).toBeUndefined()
  })

  it('leave a creation alone where only a change can weaken', () => {
    const rules = judgedWith('CreateThing', {
      DeletionProtection: 'Boolean',
      PubliclyAccessible: 'Boolean',
    }).rules
    expect(rules).toEqual([['b:PubliclyAccessible', '=true', ['permissions']]])
  })

  it('give a reason for every judgement, and judge no name as grave and as mild', () => {
    const { kinds, verbs } = readKinds()
    expect(kinds.map(({ name }) => name)).toEqual([...KIND_NAMES])
    for (const { memberRules, mildMembers, verdicts } of kinds) {
      expect([...memberRules.keys()].filter((each) => mildMembers.has(each))).toEqual([])
      for (const rules of memberRules.values()) for (const { why } of rules) expect(why).not.toBe('')
      for (const { why } of verdicts.values()) expect(why).not.toBe('')
    }
    expect(verbs.get(verbIn('BatchDeleteImage'))).toMatch(/removes/)
  })
})

describe('neighbours', () => {
  const operation = { service: 'x', classes: ['write'] }

  it('are alternatives in one operation', () => {
    const judged = {
      ...operation,
      operation: 'UpdateStack',
      rules: [['b:TemplateURL', 'exists', ['opaque']]] as const,
      leaves: new Set(['templateurl', 'templatebody']),
    }
    expect(holesIn([judged])).toEqual(['x.UpdateStack: templatebody has no rule, templateurl has'])
  })

  it('are siblings in another API of the service', () => {
    const mild = {
      service: 'neptune',
      operation: 'ModifyDBInstance',
      classes: ['write'],
      rules: [],
      leaves: new Set(['port']),
    }
    const grave = {
      ...mild,
      service: 'rds',
      classes: ['disruptive'],
      rules: [['b:Port', 'exists', ['protection']]] as const,
    }
    expect(holesIn([mild, grave])).toEqual([
      'neptune.ModifyDBInstance: not disruptive, as rds.ModifyDBInstance is',
      'neptune.ModifyDBInstance: port does not add protection, as in rds.ModifyDBInstance',
    ])
  })
})
