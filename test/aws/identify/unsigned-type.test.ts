import { describe, expect, it } from 'vitest'
import { identifyWith } from '../../../proxy/aws/read-call.ts'
import { routesOf } from '../../../proxy/aws/identify/routes.ts'
import { match } from '../../../proxy/aws/identify/trie.ts'
import { typeToSend } from '../../../proxy/aws/identify/unsigned-type.ts'
import { catalogue, form, headOf, rest, s3, type Sample } from '../requests.ts'

const FORM = 'application/x-www-form-urlencoded'
const JSON_1_0 = 'application/x-amz-json-1.0'

const target = (scope: string, name: string): Sample => ({
  scope,
  headers: ['x-amz-target', name],
  body: '{}',
})
const LIST = target('dynamodb', 'DynamoDB_20120810.ListTables')
const IAM = { ...form('iam', 'Action=ListUsers&Version=2010-05-08'), headers: [] }
const SES = { ...form('ses', 'Action=ListIdentities&Version=2010-12-01'), headers: [] }
const SQS = { ...form('sqs', 'Action=ListQueues&Version=2012-11-05'), headers: [] }
const EC2 = { ...form('ec2', 'Action=DescribeInstances&Version=2016-11-15'), headers: [] }
const METRIC = target('monitoring', 'GraniteServiceVersion20100801.ListMetrics')
const INVOKE = rest('lambda', 'POST', '/2015-03-31/functions/f/invocations', {})
const CREATE = rest('eks', 'POST', '/clusters', {})
const SES_V2 = rest('ses', 'POST', '/v2/email/outbound-emails', {})
const ZONE = rest('route53', 'POST', '/2013-04-01/hostedzone', '')
const CBOR: Sample = {
  scope: 'monitoring',
  target: '/service/GraniteServiceVersion20100801/operation/ListMetrics',
  headers: ['smithy-protocol', 'rpc-v2-cbor'],
}

/** The type to send instead, where the call is identified without any type. */
async function judged(sample: Sample, type: string, isPrivate = false): Promise<string | undefined> {
  const head = headOf({ ...sample, headers: ['Host', '127.0.0.1', ...(sample.headers ?? [])] })
  const bytes = Buffer.from(sample.body ?? '')
  const found = await identifyWith(catalogue, head, sample.scope, () => bytes)
  if (found.kind === 'unknown') throw new Error(found.reason)
  return typeToSend(found, { type, method: head.method, scope: sample.scope, isPrivate })
}

describe('typeToSend: a content type that nobody signed', () => {
  it.each<[string, Sample, string]>([
    ['JSON with a target', LIST, JSON_1_0],
    ['the other version of JSON', LIST, 'application/x-amz-json-1.1'],
    ['JSON in other letters', LIST, 'Application/JSON; Charset="UTF-8"'],
    ['a form', IAM, FORM],
    ['a form in UTF-8', EC2, `${FORM}; charset=utf-8`],
    ['a form of a service that also has REST', SES, FORM],
    ['a form of SQS, which also has JSON', SQS, FORM],
    ['JSON of CloudWatch, which has three protocols', METRIC, JSON_1_0],
    ['CBOR', CBOR, 'application/cbor'],
    ['JSON of REST', CREATE, 'application/json'],
    ['XML of REST', ZONE, 'text/xml'],
    ["what fetch says of a function's input", INVOKE, 'text/plain;charset=UTF-8'],
    ["what curl says of a function's input", INVOKE, FORM],
    ['the type of an object', s3('PUT', '/b/k', 'x'), 'image/png'],
    ['a form as an object', s3('PUT', '/b/k', 'x'), FORM],
    ['parts as an object', s3('PUT', '/b/k', 'x'), 'multipart/form-data; boundary=x'],
    ['what SDKs say of a document of S3', s3('POST', '/b?delete=', '<Delete/>'), 'application/octet-stream'],
    ['the type of an upload in parts', s3('POST', '/b/k?uploads='), 'text/plain; charset=latin1'],
  ])('goes on: %s', async (_what, sample, type) => {
    expect(await judged(sample, type)).toBeUndefined()
  })

  it.each<[string, Sample, string]>([
    ['a form beside a target', LIST, FORM],
    ['a form beside a target of CloudWatch', METRIC, FORM],
    ['CBOR beside a target', METRIC, 'application/cbor'],
    ['JSON of a form', IAM, JSON_1_0],
    ['JSON of SQS without a target', SQS, JSON_1_0],
    ['parts of a form', IAM, 'multipart/form-data; boundary=x'],
    ['plain text of a form', IAM, 'text/plain;charset=UTF-8'],
    ['another charset', LIST, `${JSON_1_0}; charset=utf-16`],
    ['blanks before the charset', IAM, `${FORM}; charset=  utf-8`],
    ['blanks behind the name of the parameter', EC2, `${FORM}; charset  =utf-8`],
    ['half a quoted charset', IAM, `${FORM}; charset="utf-8`],
    ['two charsets', IAM, `${FORM}; charset=utf-8; charset=utf-7`],
    ['two types', LIST, `${JSON_1_0}, ${FORM}`],
    ['another parameter', LIST, `${JSON_1_0}; q=1`],
    ['no type', LIST, ''],
    ['JSON beside CBOR', CBOR, JSON_1_0],
    ['a form of REST with JSON', CREATE, FORM],
    ['a form of REST where forms are taken too', SES_V2, FORM],
    ['JSON of REST with XML', ZONE, 'application/json'],
    ['an upload by a browser', s3('POST', '/b?delete=', '<Delete/>'), 'multipart/form-data; boundary=x'],
    [
      'another charset of a document of S3',
      s3('POST', '/b?delete=', '<Delete/>'),
      'text/xml; charset=utf-16',
    ],
  ])('is refused: %s', async (_what, sample, type) => {
    expect(await judged(sample, type)).toMatch(/^application\//)
  })

  it('is refused where a web framework would read a form', async () => {
    expect(await judged(INVOKE, 'text/plain', true)).toBeUndefined()
    expect(await judged(INVOKE, FORM, true)).toBe('application/json')
    expect(await judged(INVOKE, 'Multipart/Form-Data; boundary=x', true)).toBe('application/json')
  })

  it('decides nothing: REST has nothing at the root of a service that takes forms', () => {
    for (const scope of ['iam', 'ses', 'cloudsearch', 'sdb']) {
      const trie = routesOf(catalogue, scope)?.rest
      expect(trie).toBeDefined()
      if (trie !== undefined) expect(match(trie, '/', (routes) => routes)).toBeUndefined()
    }
    const others = catalogue.models
      .flatMap((model) => catalogue.service(model)?.signingNames ?? [])
      .filter((name) => {
        const routes = routesOf(catalogue, name)
        return (
          routes?.rest !== undefined &&
          routes.forms.size > 0 &&
          match(routes.rest, '/', (all) => all) !== undefined
        )
      })
    expect(others).toEqual([])
  })
})
