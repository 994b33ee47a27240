/** Services of one's own: what their requests are taken for, and what an agent would try on them. */
import { describe, expect, it } from 'vitest'
import { arnMatch } from '../../../policy/arn-match.ts'
import { unknownCall } from '../../../proxy/aws/classify/classify-call.ts'
import { NO_OPERATOR_RULES } from '../../../proxy/aws/classify/operator-rules.ts'
import type { PrivateService } from '../../../proxy/aws/private/operations.ts'
import { privateServices } from '../../../proxy/aws/private/services.ts'
import { callOfOperation } from '../../../proxy/aws/read-call.ts'
import type { Call } from '../../../proxy/core/call.ts'
import { catalogue, headOf } from '../requests.ts'

const REGION = 'eu-central-1'
const HOST = 'a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com'
const ARN = 'arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5/prod'
const PLACE = { partition: 'aws', region: REGION, accountId: '111122223333' }

const ORDERS: PrivateService = {
  name: 'orders',
  signingName: 'execute-api',
  region: REGION,
  hosts: [HOST, 'orders.moderato.internal'],
  api: 'a1b2c3d4e5/prod',
  operations: [
    { name: 'ListOrders', method: 'GET', path: '/orders', classes: ['list'], query: ['limit'] },
    { name: 'GetOrder', method: 'GET', path: '/orders/{id}', classes: ['read'], query: [] },
    { name: 'ExportOrders', method: 'GET', path: '/orders/export', classes: ['opaque'], query: ['*'] },
    { name: 'CreateOrder', method: 'POST', path: '/orders', classes: ['write'], query: [] },
    { name: 'DeleteOrder', method: 'DELETE', path: '/orders/{id}', classes: ['destructive'], query: [] },
    { name: 'Push', method: 'POST', path: '/@connections/{id}', classes: ['write'], query: [] },
  ],
}
const THUMBNAILS: PrivateService = {
  name: 'thumbnails',
  signingName: 'lambda',
  region: REGION,
  hosts: ['thumbnails.example.org'],
  operations: [
    {
      name: 'Make',
      method: 'POST',
      path: '/{bucket}/{key+}',
      classes: ['write', 'data-delete'],
      traits: ['may-overwrite'],
      query: [],
      action: 'lambda:InvokeFunctionUrl',
      resources: ['arn:aws:lambda:eu-central-1:111122223333:function:f', 'arn:aws:s3:::{bucket}/{key}'],
    },
    { name: 'Ping', method: 'GET', path: '/', classes: ['read'], query: [] },
  ],
}
const BILLING: PrivateService = {
  ...ORDERS,
  name: 'billing',
  hosts: ['billing.example.org'],
  api: 'f6g7/$default',
  basePath: '/v2',
}
const services = privateServices([ORDERS, THUMBNAILS, BILLING], catalogue)

interface Given {
  readonly host?: string
  readonly scope?: string
  readonly region?: string
  readonly headers?: readonly string[]
  readonly body?: string
}

async function callBy(method: string, target: string, given: Given = {}): Promise<Call | undefined> {
  const { host = HOST, scope = 'execute-api', region = REGION, headers = [], body = '' } = given
  const head = headOf({ scope, method, target, headers: ['Host', host, ...headers] })
  const bytes = Buffer.from(body)
  const found = await services
    .at(head)
    ?.identify(head, { service: scope, region }, () => Promise.resolve(bytes))
  if (found === undefined) return undefined
  return found.kind === 'unknown' ? unknownCall(found.protocol) : callOfOperation(found, head, bytes, PLACE)
}

describe('privateServices', () => {
  it('takes a described request for its operation', async () => {
    expect(await callBy('DELETE', '/prod/orders/17')).toEqual({
      service: 'execute-api',
      model: 'orders',
      operation: 'DeleteOrder',
      protocol: 'rest-json',
      actions: ['execute-api:Invoke'],
      resources: [`${ARN}/DELETE/orders/17`],
      count: 1,
      class: 'destructive',
      classes: ['destructive'],
      traits: ['irreversible'],
      unmodelled: [],
      facts: {},
      accessLevel: 'Write',
      reads: expect.any(Function),
      hostPrefix: '',
      bucket: undefined,
    })
  })

  it.each([
    ['a list', 'GET', '/prod/orders?limit=10', 'ListOrders', `${ARN}/GET/orders`],
    ['a change', 'POST', '/prod/orders', 'CreateOrder', `${ARN}/POST/orders`],
    ['a connection', 'POST', '/prod/@connections/x', 'Push', `${ARN}/POST/@connections/x`],
    ['a literal before a label', 'GET', '/prod/orders/export', 'ExportOrders', `${ARN}/GET/orders/export`],
  ])('knows %s', async (_, method, target, operation, resource) => {
    expect(await callBy(method, target)).toMatchObject({ operation, resources: [resource], unmodelled: [] })
  })

  it('calls what goes to connections by its own action', async () => {
    expect((await callBy('POST', '/prod/@connections/x'))?.actions).toEqual(['execute-api:ManageConnections'])
  })

  it('is told by any of its names, in any case, whatever the port', async () => {
    for (const host of ['ORDERS.moderato.internal:8080', 'orders.moderato.internal.', `${HOST}:443`])
      expect((await callBy('GET', '/prod/orders/1', { host }))?.operation).toBe('GetOrder')
    expect(await callBy('GET', '/prod/orders/1', { host: 'other.moderato.internal' })).toBeUndefined()
  })

  it('maps the base path of a custom domain to its stage', async () => {
    const host = 'billing.example.org'
    const resources = ['arn:aws:execute-api:eu-central-1:111122223333:f6g7/$default/GET/orders/1']
    expect(await callBy('GET', '/v2/orders/1', { host })).toMatchObject({ model: 'billing', resources })
    expect((await callBy('GET', '/orders/1', { host }))?.class).toBe('unknown')
  })

  it('fills the resources that are given with the values of the path', async () => {
    const call = await callBy('POST', '/b/a/k', { host: 'thumbnails.example.org', scope: 'lambda' })
    expect(call).toMatchObject({
      service: 'lambda',
      actions: ['lambda:InvokeFunctionUrl'],
      resources: ['arn:aws:lambda:eu-central-1:111122223333:function:f', 'arn:aws:s3:::b/a/k'],
      classes: ['write', 'data-delete'],
      traits: ['may-overwrite'],
    })
  })

  it('touches * where nothing says what it touches', async () => {
    const call = await callBy('GET', '/', { host: 'thumbnails.example.org', scope: 'lambda' })
    expect(call).toMatchObject({ actions: ['lambda:Ping'], resources: ['*'] })
  })

  it('touches * with a value that is an ARN, or that no ARN can hold', async () => {
    const arn = encodeURIComponent(`${ARN}:DELETE:orders:mine`.replaceAll('/', ':'))
    for (const id of [arn, 'a%3Ab', 'a%20b'])
      expect((await callBy('DELETE', `/prod/orders/${id}`))?.resources).toContain('*')
  })

  it('does not name more than one thing with a star', async () => {
    const [resource = ''] = (await callBy('DELETE', '/prod/orders/*'))?.resources ?? []
    expect(arnMatch([`${ARN}/DELETE/orders/test-*`], resource)).toBe(false)
  })

  it('marks query keys that are not described', async () => {
    expect((await callBy('DELETE', '/prod/orders/1?all=true'))?.unmodelled).toEqual(['?all'])
    expect((await callBy('GET', '/prod/orders/export?all=true'))?.unmodelled).toEqual([])
  })

  it('takes what operators say of it beside the configuration of the service', async () => {
    const head = headOf({
      scope: 'execute-api',
      method: 'GET',
      target: '/prod/orders/1',
      headers: ['Host', HOST],
    })
    const scope = { service: 'execute-api', region: REGION }
    const found = await services.at(head)?.identify(head, scope, () => Promise.resolve(Buffer.alloc(0)))
    if (found?.kind !== 'operation') throw new Error('not identified')
    const overrides = [{ operation: 'orders:GetOrder', classes: ['opaque'] as const }]
    const call = callOfOperation(found, head, Buffer.alloc(0), PLACE, { ...NO_OPERATOR_RULES, overrides })
    expect(call.classes).toEqual(['opaque'])
  })
})

const FORM = ['Content-Type', 'application/x-www-form-urlencoded']
const PARTS = ['Content-Type', 'multipart/form-data; boundary=x']

describe('privateServices: attacks', () => {
  it.each<[string, string, string, Given?]>([
    ['a doubled slash', 'DELETE', '/prod//orders/17'],
    ['a doubled slash first', 'DELETE', '//prod/orders/17'],
    ['an encoded slash', 'DELETE', '/prod/orders%2F17'],
    ['an encoded slash in a label', 'DELETE', '/prod/orders/17%2Fitems'],
    ['dot segments', 'DELETE', '/prod/orders/x/../17'],
    ['dot segments out of the stage', 'DELETE', '/prod/../test/orders/17'],
    ['encoded dot segments', 'DELETE', '/prod/orders/%2e%2e'],
    ['a slash at the end', 'DELETE', '/prod/orders/17/'],
    ['a method that is not described', 'PUT', '/prod/orders/17'],
    ['HEAD for GET', 'HEAD', '/prod/orders/17'],
    ['a method of another path', 'DELETE', '/prod/orders'],
    ['a method that only the label beside has', 'DELETE', '/prod/orders/export'],
    ['another stage', 'GET', '/test/orders/17'],
    ['another stage, in another case', 'GET', '/PROD/orders/17'],
    ['an encoded stage', 'GET', '/%70rod/orders/17'],
    ['no stage', 'GET', '/orders/17'],
    ['the stage alone', 'GET', '/prod'],
    ['another case', 'DELETE', '/prod/Orders/17'],
    ['another case of a graver literal', 'GET', '/prod/orders/EXPORT'],
    ['a method override', 'POST', '/prod/orders', { headers: ['X-HTTP-Method-Override', 'DELETE'] }],
    ['another method override', 'POST', '/prod/orders', { headers: ['X-Method-Override', 'DELETE'] }],
    ['a third method override', 'POST', '/prod/orders', { headers: ['X-HTTP-Method', 'DELETE'] }],
    [
      'another path by a header',
      'GET',
      '/prod/orders/1',
      { headers: ['X-Original-URL', '/prod/orders/export'] },
    ],
    ['another API by a header', 'GET', '/prod/orders/1', { headers: ['x-apigw-api-id', 'zzzz'] }],
    ['a method in the query', 'GET', '/prod/orders/1?_method=DELETE'],
    ['a method in the query, encoded', 'GET', '/prod/orders/export?%5FMethod=DELETE'],
    ['a method in a form', 'POST', '/prod/orders', { headers: FORM, body: 'a=1&%5fmethod=DELETE' }],
    [
      'a method in a form of parts',
      'POST',
      '/prod/orders',
      {
        headers: PARTS,
        body: '--x\r\nContent-Disposition: form-data; name="_method"\r\n\r\nDELETE\r\n--x--',
      },
    ],
    ['a query that is no UTF-8', 'GET', '/prod/orders/1?a=%ff'],
    ['the signature of another service', 'GET', '/prod/orders/1', { scope: 'lambda' }],
    ['the signature of S3', 'GET', '/prod/orders/1', { scope: 's3' }],
    ['the signature of another region', 'GET', '/prod/orders/1', { region: 'us-east-1' }],
    ['the signature of every region', 'GET', '/prod/orders/1', { region: '*' }],
    ['the path of another service', 'GET', '/v2/orders/1'],
  ])('is unknown: %s', async (_, method, target, given) => {
    expect((await callBy(method, target, given))?.class).toBe('unknown')
  })

  it('reads a form that names no method', async () => {
    const call = await callBy('POST', '/prod/orders', { headers: FORM, body: 'method=DELETE&a=_method' })
    expect(call?.operation).toBe('CreateOrder')
  })
})
