/** Rule S26: which lists of a model count. */
import { describe, expect, it } from 'vitest'
import { countedLists, readLists } from '../../../proxy/aws/catalogue/lists.ts'
import type { ServiceModel } from '../../../proxy/aws/catalogue/model.ts'
import { memberNames } from '../../../proxy/aws/catalogue/member-names.ts'

/** A service with one operation, whose lists of texts are these. */
function modelOf(
  operation: string,
  lists: readonly string[],
  required: readonly string[] = lists,
): ServiceModel {
  const member = (name: string) => [name, { shape: 'Texts' }] as const
  return {
    metadata: { apiVersion: '1', endpointPrefix: 's', protocol: 'json', serviceId: 's' },
    operations: {
      [operation]: { name: operation, http: { method: 'POST', requestUri: '/' }, input: { shape: 'Input' } },
    },
    shapes: {
      Input: { type: 'structure', required, members: Object.fromEntries(lists.map(member)) },
      Texts: { type: 'list', member: { shape: 'Text' } },
      Text: { type: 'string' },
    },
  }
}

function counted(operation: string, lists: readonly string[], required = lists, byHand = false) {
  const unjudged = new Set<string>()
  const model = modelOf(operation, lists, required)
  const found = countedLists(model, `s.${operation}`, 'W', readLists(), unjudged, byHand)
  return { found, unjudged: [...unjudged] }
}

describe('a list of things that a call acts on', () => {
  it.each([
    ['RebootMachines', 'MachineIds'],
    ['BatchUpdateRules', 'RuleIds'],
    ['DeleteThings', 'Names'],
    ['ReviveMachines', 'MachineArns'],
  ])('counts: %s %s', (operation, list) => {
    expect(counted(operation, [list])).toEqual({ found: [`b:${list}`], unjudged: [] })
  })

  it('counts by its name alone where it says what goes', () => {
    expect(counted('UpdateFleet', ['MachinesToRemove'], []).found).toEqual(['b:MachinesToRemove'])
    expect(counted('UpdateFleet', ['RemoveMachineIds'], []).found).toEqual(['b:RemoveMachineIds'])
  })

  it('does not count where it describes one thing', () => {
    expect(counted('CreateFleet', ['SubnetIds', 'SecurityGroupIds'])).toEqual({ found: [], unjudged: [] })
    expect(counted('UpdateFleet', ['TagKeys'])).toEqual({ found: [], unjudged: [] })
  })

  it('needs a judgement where its name says neither', () => {
    expect(counted('UpdateFleet', ['GadgetIds'])).toEqual({
      found: [],
      unjudged: ['s.UpdateFleet: the list gadgetIds'],
    })
    expect(counted('UpdateFleet', ['GadgetIds'], ['GadgetIds'], true).unjudged).toEqual([])
  })
})

describe('the names of members on the wire', () => {
  const model: ServiceModel = {
    metadata: { apiVersion: '1', endpointPrefix: 's', protocol: 'ec2', serviceId: 's' },
    operations: { O: { name: 'O', http: { method: 'POST', requestUri: '/' }, input: { shape: 'Input' } } },
    shapes: {
      Input: {
        type: 'structure',
        members: {
          InstanceIds: { shape: 'Ids', locationName: 'InstanceId' },
          VersionId: { shape: 'Text', location: 'querystring', locationName: 'versionId' },
        },
      },
      Ids: { type: 'list', member: { shape: 'Text' } },
      Text: { type: 'string' },
    },
  }

  it('are found in the model', () => {
    expect(memberNames(model, 'O', 'b:InstanceId')).toBe('InstanceIds')
    expect(memberNames(model, 'O', 'q:versionId')).toBe('VersionId')
    expect(memberNames(model, 'O', 'b:Nothing')).toBeUndefined()
    expect(memberNames(model, 'O', 'b:')).toBe('')
  })
})
