/** Destructive calls of each protocol on things in an emulator, which is asked what became of them. */
import { request as httpRequest } from 'node:http'
import { SPELLINGS, type Spelling, type Wire } from '../support/spellings.ts'

/** Sends bytes to the emulator for a service; resolves with the answer's text. */
export function ask(url: string, scope: string, { method, target, headers, body }: Wire): Promise<string> {
  const { hostname, port } = new URL(url)
  const signed = `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/${scope}/aws4_request, SignedHeaders=host, Signature=0`
  const fields = ['Host', `${hostname}:${port}`, 'Authorization', signed, ...headers]
  if (body.length > 0) fields.push('Content-Length', String(body.length))
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ hostname, port, method, path: target, headers: fields }, (answer) => {
      let text = ''
      answer.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
      answer.once('end', () => resolve(text))
      answer.once('error', reject)
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** Two things, `victim` and `other` to those who describe them; what they are called in the service may differ. */
export interface Things {
  readonly victim: string
  readonly other: string
}

export interface Act {
  readonly name: string
  readonly scope: string
  readonly spellings: readonly Spelling[]
  /** Makes both, if they are not there; resolves with what they are called. */
  readonly make: (send: Send) => Promise<Things>
  /** Which of them are there. */
  readonly there: (send: Send, things: Things) => Promise<readonly string[]>
  /** The call that destroys the victim. */
  readonly destroy: (things: Things) => Wire
  /** What a call that touches the thing has among its resources. */
  readonly arn: (thing: string) => string
}

export type Send = (wire: Partial<Wire>) => Promise<string>

const NOTHING = Buffer.alloc(0)
const FORM = ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8']
const OWN = 'us-east-1:111122223333'

function json(target: string, version: string, body: object): Wire {
  const headers = ['X-Amz-Target', target, 'Content-Type', `application/x-amz-json-${version}`]
  return { method: 'POST', target: '/', headers, body: Buffer.from(JSON.stringify(body)) }
}

function form(text: string): Wire {
  return { method: 'POST', target: '/', headers: FORM, body: Buffer.from(text) }
}

function plain(method: string, target: string, text = ''): Wire {
  const headers =
    text === '' ? [] : ['Content-Type', text.startsWith('<') ? 'application/xml' : 'application/json']
  return { method, target, headers, body: text === '' ? NOTHING : Buffer.from(text) }
}

const NAMES: Things = { victim: 'victim', other: 'other' }

/** Things by their own names, listed in some answer. */
function named(list: Wire, make: (name: string) => Wire): Pick<Act, 'make' | 'there'> {
  const there: Act['there'] = async (send) => {
    const text = await send(list)
    return Object.values(NAMES).filter((name) => new RegExp(`["/:>]${name}["/<]`).test(text))
  }
  return {
    there,
    async make(send) {
      const known = await there(send, NAMES)
      for (const name of Object.values(NAMES)) if (!known.includes(name)) await send(make(name))
      return NAMES
    },
  }
}

/** Things that the service names: made anew where one is gone. */
function given(
  make: Wire,
  id: RegExp,
  isThere: (send: Send, id: string) => Promise<boolean>,
): Pick<Act, 'make' | 'there'> {
  const made: string[] = []
  const living = async (send: Send): Promise<readonly string[]> => {
    const known: string[] = []
    for (const each of made) if (await isThere(send, each)) known.push(each)
    return known
  }
  return {
    async there(send, things) {
      const known = await living(send)
      return Object.values(things).filter((each) => known.includes(each))
    },
    async make(send) {
      const known = [...(await living(send))]
      while (known.length < 2) known.push(id.exec(await send(make))?.[1] ?? '')
      made.splice(0, made.length, ...known)
      return { victim: known[0] ?? '', other: known[1] ?? '' }
    },
  }
}

const INSTANCES = '&Version=2016-11-15'
export const ACTS: readonly Act[] = [
  {
    name: 'json 1.0: dynamodb DeleteTable',
    scope: 'dynamodb',
    spellings: SPELLINGS.json,
    ...named(json('DynamoDB_20120810.ListTables', '1.0', {}), (TableName) =>
      json('DynamoDB_20120810.CreateTable', '1.0', {
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    ),
    destroy: ({ victim }) => json('DynamoDB_20120810.DeleteTable', '1.0', { TableName: victim }),
    arn: (name) => `arn:aws:dynamodb:${OWN}:table/${name}`,
  },
  {
    name: 'json 1.1: logs DeleteLogGroup',
    scope: 'logs',
    spellings: SPELLINGS.json,
    ...named(json('Logs_20140328.DescribeLogGroups', '1.1', {}), (logGroupName) =>
      json('Logs_20140328.CreateLogGroup', '1.1', { logGroupName }),
    ),
    destroy: ({ victim }) => json('Logs_20140328.DeleteLogGroup', '1.1', { logGroupName: victim }),
    arn: (name) => `arn:aws:logs:${OWN}:log-group:${name}`,
  },
  {
    name: 'query: iam DeleteUser',
    scope: 'iam',
    spellings: SPELLINGS.form,
    ...named(form('Action=ListUsers&Version=2010-05-08'), (name) =>
      form(`Action=CreateUser&Version=2010-05-08&UserName=${name}`),
    ),
    destroy: ({ victim }) => form(`Action=DeleteUser&Version=2010-05-08&UserName=${victim}`),
    arn: (name) => `arn:aws:iam::111122223333:user/${name}`,
  },
  {
    name: 'ec2: TerminateInstances',
    scope: 'ec2',
    spellings: SPELLINGS.form,
    ...given(
      form(`Action=RunInstances&ImageId=ami-12c6146b&MinCount=1&MaxCount=1${INSTANCES}`),
      /<instanceId>(i-\w+)</,
      async (send, id) =>
        !/<name>(terminated|shutting-down)</.test(
          await send(form(`Action=DescribeInstances&InstanceId.1=${id}${INSTANCES}`)),
        ),
    ),
    destroy: ({ victim }) => form(`Action=TerminateInstances${INSTANCES}&InstanceId.1=${victim}`),
    arn: (id) => `arn:aws:ec2:${OWN}:instance/${id}`,
  },
  {
    name: 'query, with a list: cloudwatch DeleteAlarms',
    scope: 'monitoring',
    spellings: SPELLINGS.form,
    ...named(form('Action=DescribeAlarms&Version=2010-08-01'), (name) =>
      form(
        `Action=PutMetricAlarm&Version=2010-08-01&AlarmName=${name}&MetricName=m&Namespace=n&Statistic=Sum&Period=60&EvaluationPeriods=1&Threshold=1&ComparisonOperator=GreaterThanThreshold`,
      ),
    ),
    destroy: ({ victim }) => form(`Action=DeleteAlarms&Version=2010-08-01&AlarmNames.member.1=${victim}`),
    arn: (name) => `arn:aws:cloudwatch:${OWN}:alarm:${name}`,
  },
  {
    name: 'rest-json: apigateway DeleteRestApi',
    scope: 'apigateway',
    spellings: SPELLINGS.path,
    ...given(plain('POST', '/restapis', '{"name":"api"}'), /"id": ?"(\w+)"/, async (send, id) =>
      (await send(plain('GET', `/restapis/${id}`))).includes(`"${id}"`),
    ),
    destroy: ({ victim }) => plain('DELETE', `/restapis/${victim}`),
    arn: (id) => `arn:aws:apigateway:us-east-1::/restapis/${id}`,
  },
  {
    name: 'rest-xml: route53 DeleteHostedZone',
    scope: 'route53',
    spellings: SPELLINGS.path,
    ...given(
      plain(
        'POST',
        '/2013-04-01/hostedzone',
        '<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Name>a.example</Name><CallerReference>r</CallerReference></CreateHostedZoneRequest>',
      ),
      /<Id>\/hostedzone\/(\w+)</,
      async (send, id) =>
        (await send(plain('GET', `/2013-04-01/hostedzone/${id}`))).includes(`/hostedzone/${id}<`),
    ),
    destroy: ({ victim }) => plain('DELETE', `/2013-04-01/hostedzone/${victim}`),
    arn: (id) => `arn:aws:route53:::hostedzone/${id}`,
  },
  {
    name: 's3: DeleteBucket',
    scope: 's3',
    spellings: SPELLINGS.path,
    ...named(plain('GET', '/'), (name) => plain('PUT', `/${name}`)),
    destroy: ({ victim }) => plain('DELETE', `/${victim}`),
    arn: (name) => `arn:aws:s3:::${name}`,
  },
  {
    name: 's3: DeleteObject',
    scope: 's3',
    spellings: SPELLINGS.path,
    ...inBucket(),
    destroy: ({ victim }) => plain('DELETE', `/objects/${victim}`),
    arn: (name) => `arn:aws:s3:::objects/${name}`,
  },
  {
    name: 's3: DeleteObjects',
    scope: 's3',
    spellings: SPELLINGS.xml,
    ...inBucket(),
    destroy: ({ victim }) =>
      plain('POST', '/objects?delete', `<Delete><Object><Key>${victim}</Key></Object></Delete>`),
    arn: (name) => `arn:aws:s3:::objects/${name}`,
  },
]

function inBucket(): Pick<Act, 'make' | 'there'> {
  const objects = named(plain('GET', '/objects'), (name) => plain('PUT', `/objects/${name}`, '{}'))
  return {
    there: objects.there,
    async make(send) {
      await send(plain('PUT', '/objects'))
      return objects.make(send)
    },
  }
}
