/** `catalogue.services` in the configuration: the example of its page, and what is wrong with others. */
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../../../proxy/config/load.ts'
import { ConfigError } from '../../../proxy/config/loaded.ts'
import { chapterBlocks } from '../../support/markdown.ts'

const SECRET = 'a-secret-with-more-than-32-characters'

function load(given: unknown) {
  return parseConfig(given, { file: 'moderato.yaml', folder: '/etc/moderato', environment: {} }).config
}

function findings(given: unknown): Record<string, string> {
  try {
    load(given)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return Object.fromEntries(error.findings.map(({ path, message }) => [path, message]))
  }
  return {}
}

const operation = { name: 'Get', method: 'GET', path: '/x/{id}', classes: ['read'] }
const service = {
  name: 'orders',
  hosts: ['orders.example.org'],
  region: 'eu-central-1',
  api: 'a1b2/prod',
  operations: [operation],
}
const about = (...services: unknown[]) => findings({ catalogue: { services } })
const AT = 'catalogue.services.0'

describe('catalogue.services', () => {
  it('takes the example of docs/private-services.md as it stands there', () => {
    const [text = ''] = chapterBlocks('docs/private-services.md', '## First steps', 'yaml')
    const { services } = load(parse(text.replaceAll('"..."', `"${SECRET}"`))).catalogue
    expect(services.map(({ name, signingName }) => [name, signingName])).toEqual([
      ['orders', 'execute-api'],
      ['invoices', 'execute-api'],
      ['thumbnails', 'lambda'],
    ])
  })

  it.each<[string, object, string, RegExp]>([
    ['an unknown key', { stages: [] }, `${AT}.stages`, /not a setting/],
    ['no API', { api: undefined }, `${AT}.api`, /API\/STAGE/],
    ['an API without a stage', { api: 'a1b2' }, `${AT}.api`, /API\/STAGE/],
    ['an API of another kind of service', { signingName: 'lambda' }, `${AT}.api`, /execute-api/],
    ['the name of S3 to sign with', { signingName: 's3' }, `${AT}.signingName`, /S3/],
    ['the name of a service of AWS', { name: 'dynamodb' }, `${AT}.name`, /AWS/],
    ['an address for a host', { hosts: ['10.0.0.1'] }, `${AT}.hosts.0`, /DNS name/],
    ['a host with a port', { hosts: ['a.example.org:80'] }, `${AT}.hosts.0`, /without a port/],
    ['our own name', { hosts: ['localhost'] }, `${AT}.hosts.0`, /Moderato itself/],
    ['a host twice', { hosts: ['a.example.org', 'a.example.org'] }, `${AT}.hosts.1`, /twice/],
    ['plain http', { origin: 'http://orders.example.org' }, `${AT}.origin`, /https/],
    ['a path in the origin', { origin: 'https://orders.example.org/prod' }, `${AT}.origin`, /only/],
    ['a name for this machine', { origin: 'http://localhost:9000' }, `${AT}.origin`, /127\.0\.0\.1/],
    ['a base path with a slash at its end', { basePath: '/v1/' }, `${AT}.basePath`, /\/prod/],
  ])('refuses %s', (_, more, path, message) => {
    expect(about({ ...service, ...more })[path]).toMatch(message)
  })

  it.each<[string, object, string, RegExp]>([
    ['a method that no service has', { method: 'CONNECT' }, 'method', /"GET"\|"HEAD"\|"POST"/],
    ['a path that ends in a slash', { path: '/x/' }, 'path', /\/orders\/\{id\}/],
    ['a path with a query', { path: '/x?y' }, 'path', /\/orders\/\{id\}/],
    ['a label twice', { path: '/{id}/{id}' }, 'path', /twice/],
    ['a class that is none', { classes: ['harmless'] }, 'classes.0', /"data-delete"/],
    ['the class unknown', { classes: ['unknown'] }, 'classes.0', /"read"/],
    ['no class', { classes: [] }, 'classes', /.+/],
    ['a resource that is no ARN', { resources: ['orders/{id}'] }, 'resources.0', /ARN/],
    ['a label that the path lacks', { resources: ['arn:aws:s3:::{key}'] }, 'resources.0', /\{key\}.*id/],
    ['an action without a service', { action: 'Invoke' }, 'action', /execute-api:Invoke/],
  ])('refuses an operation with %s', (_, more, member, message) => {
    const operations = [{ ...operation, ...more }]
    expect(about({ ...service, operations })[`${AT}.operations.0.${member}`]).toMatch(message)
  })

  it('refuses two operations that no request can tell from each other', () => {
    const operations = [operation, { ...operation, name: 'Other', path: '/X/{other}' }]
    expect(about({ ...service, operations })).toEqual({ [`${AT}.operations.1.path`]: 'stands twice' })
  })

  it('refuses two services that share a name or a host', () => {
    expect(about(service, service)).toEqual({
      'catalogue.services.1.name': expect.stringContaining('twice') as string,
      'catalogue.services.1.hosts.0': expect.stringContaining('twice') as string,
    })
  })

  it('refuses a region that may not be reached', () => {
    const given = { upstream: { regions: ['us-east-1'] }, catalogue: { services: [service] } }
    expect(findings(given)).toEqual({ [`${AT}.region`]: expect.stringContaining('us-east-1') as string })
  })
})
