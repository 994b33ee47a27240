/** What stops the generator: a service that folds names and is in no table, a member that nobody judged (S25, S27). */
import { describe, expect, it } from 'vitest'
import { checkNames } from '../../../proxy/aws/catalogue/check-names.ts'
import type { ServiceModel } from '../../../proxy/aws/catalogue/model.ts'
import { readOverrides } from '../../../proxy/aws/catalogue/overrides.ts'
import { readPlaces, readReviewsOf } from '../../../proxy/aws/catalogue/reads.ts'
import type { Sources } from '../../../proxy/aws/catalogue/sources.ts'
import { FOLDS_CASE, OTHER_NAMES } from '../../../policy/resource-names.ts'
import { catalogue } from '../requests.ts'

function model(members: Readonly<Record<string, string>>): ServiceModel {
  return {
    metadata: { apiVersion: '1', endpointPrefix: 'new', protocol: 'json', serviceId: 'New' },
    operations: {
      StartThing: { name: 'StartThing', http: { method: 'POST', requestUri: '/' }, input: { shape: 'In' } },
    },
    shapes: {
      In: {
        type: 'structure',
        members: Object.fromEntries(
          Object.entries(members).map(([name, documentation]) => [name, { shape: 'Text', documentation }]),
        ),
      },
      Text: { type: 'string' },
    },
  }
}

/** IAM's resource types as the table of names has them, and one model. */
function sourcesOf(name: string, given: ServiceModel): Sources {
  const types = [...Object.keys(FOLDS_CASE), ...Object.keys(OTHER_NAMES)]
  const resourceTypes = new Map(
    types.map((each) => {
      const [service = '', type] = each.split(':')
      const start = `arn:\${Partition}:${service}:\${Region}:\${Account}:`
      return [each, type === undefined ? `${start}\${Name}` : `${start}${type}/\${Name}`]
    }),
  )
  const iam = new Map([['all', { actions: new Map(), resourceTypes, links: new Map() }]])
  return { versions: {}, models: new Map([[name, given]]), iam, asOldAsIam: new Set() }
}

describe('checkNames', () => {
  it('stops on a service that folds names and is in no table', () => {
    const folding = model({ Name: '<p>This parameter is stored as a lowercase string.</p>' })
    expect(() => checkNames(sourcesOf('new', folding), readOverrides())).toThrow('fold names')
    expect(() => checkNames(sourcesOf('rds', folding), readOverrides())).not.toThrow()
    expect(() => checkNames(sourcesOf('new', model({ Name: 'A name.' })), readOverrides())).not.toThrow()
  })

  it('stops on a row whose resource type IAM does not know', () => {
    const sources = sourcesOf('new', model({}))
    expect(() => checkNames({ ...sources, iam: new Map() }, readOverrides())).toThrow(
      'unknown resource types',
    )
  })
})

describe('readPlaces', () => {
  const reads = readReviewsOf({
    kinds: { 'ecs:task-definition/': 'taskDefinition', 'glue:job/': 'new.jobName' },
    operations: { 'ssm:document/': ['new.StartThing Text'] },
    others: { 'its own name': 'projectName' },
  })
  const placesIn = (members: Readonly<Record<string, string>>, level: 'W' | 'R' = 'W') => {
    const unjudged = new Set<string>()
    const reviewed = { model: model(members), name: 'new', operation: 'StartThing', level }
    return { places: readPlaces({ reads, unjudged }, reviewed), unjudged: [...unjudged] }
  }

  it('finds members by their judged names, and by explicit places', () => {
    expect(placesIn({ taskDefinition: '', jobName: '', projectName: '', Text: '' })).toEqual({
      places: {
        'ecs:task-definition/': ['b:taskDefinition'],
        'glue:job/': ['b:jobName'],
        'ssm:document/': ['b:Text'],
      },
      unjudged: [],
    })
    expect(placesIn({ taskDefinition: '' }, 'R').places).toEqual({})
  })

  it('stops the generator on a name that nobody judged', () => {
    expect(placesIn({ newTaskDefinition: '' }).unjudged).toEqual([
      'new.StartThing: newTaskDefinition (reads)',
    ])
  })

  it('has its places in the committed catalogue', () => {
    const kindsOf = (model: string, operation: string) =>
      catalogue
        .service(model)
        ?.operation(operation)
        ?.reads.map(({ kind }) => kind)
    expect(kindsOf('ecs', 'UpdateService')).toContain('ecs:task-definition/')
    expect(kindsOf('ecs', 'CreateTaskSet')).toContain('ecs:task-definition/')
    expect(kindsOf('ec2', 'RunInstances')).toContain('ec2:launch-template/')
    expect(kindsOf('ssm', 'CreateAssociation')).toContain('ssm:document/')
    expect(kindsOf('batch', 'SubmitJob')).toContain('batch:job-definition/')
    expect(kindsOf('ecs', 'DescribeServices')).toEqual([])
  })
})
