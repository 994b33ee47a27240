import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hostsOf, isAwsName, partitionOf } from '../../../proxy/aws/endpoints/endpoints.ts'
import { resolve, refusedReason, spoilt, partitions, REGIONS, services } from './resolving.ts'

describe('resolveEndpoint', () => {
  it.each([
    ['dynamodb', 'eu-west-3', 'dynamodb.eu-west-3.amazonaws.com', 'dynamodb', 'eu-west-3'],
    ['s3', 'us-east-1', 's3.us-east-1.amazonaws.com', 's3', 'us-east-1'],
    ['s3', 'cn-north-1', 's3.cn-north-1.amazonaws.com.cn', 's3', 'cn-north-1'],
    ['sqs', 'us-gov-west-1', 'sqs.us-gov-west-1.amazonaws.com', 'sqs', 'us-gov-west-1'],
    ['ec2', 'ap-southeast-2', 'ec2.ap-southeast-2.amazonaws.com', 'ec2', 'ap-southeast-2'],
    ['sts', 'us-west-2', 'sts.us-west-2.amazonaws.com', 'sts', 'us-west-2'],
    ['iam', 'us-east-1', 'iam.amazonaws.com', 'iam', 'us-east-1'],
    ['iam', 'eu-west-3', 'iam.amazonaws.com', 'iam', 'us-east-1'],
    ['iam', 'cn-northwest-1', 'iam.cn-north-1.amazonaws.com.cn', 'iam', 'cn-north-1'],
    ['iam', 'us-gov-west-1', 'iam.us-gov.amazonaws.com', 'iam', 'us-gov-west-1'],
    ['route53', 'us-east-1', 'route53.amazonaws.com', 'route53', 'us-east-1'],
    ['cloudfront', 'us-east-1', 'cloudfront.amazonaws.com', 'cloudfront', 'us-east-1'],
    ['organizations', 'us-east-1', 'organizations.us-east-1.amazonaws.com', 'organizations', 'us-east-1'],
    ['cloudwatch', 'us-east-2', 'monitoring.us-east-2.amazonaws.com', 'monitoring', 'us-east-2'],
    ['stepfunctions', 'us-east-2', 'states.us-east-2.amazonaws.com', 'states', 'us-east-2'],
    [
      'elbv2',
      'us-east-2',
      'elasticloadbalancing.us-east-2.amazonaws.com',
      'elasticloadbalancing',
      'us-east-2',
    ],
    ['sesv2', 'us-east-2', 'email.us-east-2.amazonaws.com', 'ses', 'us-east-2'],
    ['ecr', 'us-east-2', 'api.ecr.us-east-2.amazonaws.com', 'ecr', 'us-east-2'],
    ['apigatewayv2', 'us-east-2', 'apigateway.us-east-2.amazonaws.com', 'apigateway', 'us-east-2'],
    ['bedrock-runtime', 'us-east-2', 'bedrock-runtime.us-east-2.amazonaws.com', 'bedrock', 'us-east-2'],
  ])('%s in %s is %s', (model, region, host, signingName, signingRegion) => {
    expect(resolve(model, { region })).toEqual({ host, signingName, signingRegion })
  })

  it('puts an operation on its own host', () => {
    expect(resolve('acm', { operation: 'ListCertificates' }).host).toBe('acm.us-east-1.amazonaws.com')
    expect(resolve('s3', { operation: 'CreateBucket' }).host).toBe('s3.us-east-1.amazonaws.com')
    expect(resolve('s3', { operation: 'ListDirectoryBuckets' })).toMatchObject({
      host: 's3express-control.us-east-1.amazonaws.com',
      signingName: 's3express',
    })
  })

  it("puts the operation's host prefix before the host", () => {
    const account = { operation: 'GetPublicAccessBlock', hostPrefix: '123456789012.' }
    expect(resolve('s3control', account).host).toBe('123456789012.s3-control.us-east-1.amazonaws.com')
    expect(resolve('stepfunctions', { hostPrefix: 'sync-' }).host).toBe('sync-states.us-east-1.amazonaws.com')
    expect(resolve('location', { hostPrefix: 'cp.tracking.' }).host).toBe(
      'cp.tracking.geo.us-east-1.amazonaws.com',
    )
  })

  it('speaks to S3 in path style, whatever the bucket', () => {
    for (const bucket of ['logs', 'my.dotted.bucket', '0a0', 'x'.repeat(63)]) {
      expect(resolve('s3', { bucket }).host).toBe('s3.us-east-1.amazonaws.com')
    }
  })

  it('refuses a service without a host: unknown, or told by more than its region', () => {
    expect(refusedReason('nothing', {})).toBe('endpoint_refused')
    expect(refusedReason('constructor', {})).toBe('endpoint_refused')
    expect(refusedReason('cloudfront-keyvaluestore', {})).toBe('endpoint_refused')
    // Its hosts lie outside the partition's suffixes.
    expect(refusedReason('signin', {})).toBe('endpoint_refused')
  })

  it('refuses a region that is not on the closed list', () => {
    const names = [
      'aws-global',
      'us-east-9',
      'fips-us-east-1',
      'us-iso-east-1',
      'eusc-de-east-1',
      'constructor',
      '*',
    ]
    for (const region of [...names, ...spoilt('us-east-1')]) {
      expect(refusedReason('s3', { region }), JSON.stringify(region)).toBe('endpoint_refused')
    }
  })

  it('refuses a region that is not configured, and leaves global services of its partition', () => {
    const regions = new Set(['eu-west-3'])
    expect(resolve('sqs', { region: 'eu-west-3', regions }).host).toBe('sqs.eu-west-3.amazonaws.com')
    expect(refusedReason('sqs', { regions })).toBe('endpoint_refused')
    expect(resolve('iam', { regions }).host).toBe('iam.amazonaws.com')
    expect(resolve('organizations', { regions }).host).toBe('organizations.us-east-1.amazonaws.com')
    expect(refusedReason('iam', { region: 'cn-north-1', regions })).toBe('endpoint_refused')
  })

  it('refuses what cannot be a host label', () => {
    for (const label of spoilt('123456789012')) {
      if (label === '') continue
      for (const hostPrefix of [`${label}.`, label]) {
        expect(refusedReason('s3control', { hostPrefix }), JSON.stringify(hostPrefix)).toBe(
          'endpoint_refused',
        )
      }
    }
  })

  it('refuses a host prefix that the service does not have', () => {
    expect(refusedReason('sqs', { hostPrefix: 'a.' })).toBe('endpoint_refused')
    expect(refusedReason('stepfunctions', { hostPrefix: 'sync-a.' })).toBe('endpoint_refused')
    expect(refusedReason('s3control', { hostPrefix: 'a.b.' })).toBe('endpoint_refused')
  })

  it('refuses a bucket name that S3 would not give', () => {
    const names = ['ab', '.ab', 'ab.', 'a..b', 'a.-b', '10.0.0.1', 'x'.repeat(64), '\u540d\u524d']
    for (const bucket of [...names, ...spoilt('bucket')]) {
      // A dot, and what follows it, is a name like any other: it never comes into the host.
      if (/^[a-z0-9]+(?:\.[a-z0-9]+)+$/.test(bucket) && bucket !== '10.0.0.1') continue
      expect(refusedReason('s3', { bucket }), JSON.stringify(bucket)).toBe('endpoint_refused')
    }
  })

  it('refuses directory buckets, access points, Object Lambda and Outposts in words', () => {
    for (const bucket of [
      'b--use1-az4--x-s3',
      'ap--ol-s3',
      'ap--op-s3',
      'arn:aws:s3:us-east-1:123456789012:accesspoint/a',
    ]) {
      expect(() => resolve('s3', { bucket })).toThrow(/not supported/)
    }
  })

  it('takes an alias of an access point for the bucket that it stands for', () => {
    const bucket = 'my-ap-abcdefgh1234567890-s3alias'
    expect(resolve('s3', { bucket }).host).toBe('s3.us-east-1.amazonaws.com')
  })

  it("ends every service's host in its partition's suffix, in labels that DNS allows", () => {
    let hosts = 0
    for (const { regions, dns, dual } of Object.values(partitions)) {
      for (const region of regions) {
        for (const [model, { special = [] }] of Object.entries(services)) {
          for (const operation of [null, ...special.map(({ operations }) => operations[0] ?? null)]) {
            const found = refusedReason(model, { operation, region })
            if (found === 'endpoint_refused') continue
            const host = found.replace('reached ', '')
            expect(host.endsWith(`.${dns}`) || host.endsWith(`.${dual}`), host).toBe(true)
            expect(host).toMatch(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]+$/)
            expect(new URL(`https://${host}/`).host).toBe(host)
            hosts += 1
          }
        }
      }
    }
    expect(hosts).toBeGreaterThan(17_000)
  })

  it('never leaves the partition, whatever the request says', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...spoilt('a')))
    fc.assert(
      fc.property(
        fc.constantFrom('s3', 's3control', 'neptune-graph', 'sqs', 'iam', 'cloudfront-keyvaluestore'),
        fc.oneof(fc.constantFrom(...REGIONS, '*'), text),
        fc.oneof(
          fc.constant(''),
          text,
          text.map((each) => `${each}.`),
        ),
        fc.option(
          fc.oneof(
            text,
            text.map((each) => `${each}.mrap`),
          ),
          { nil: undefined },
        ),
        fc.constantFrom('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
        (model, region, hostPrefix, bucket, algorithm) => {
          const found = refusedReason(model, {
            operation: 'ExecuteQuery',
            region,
            hostPrefix,
            bucket,
            algorithm,
          })
          if (found === 'endpoint_refused') return
          expect(found).toMatch(/^reached [a-z0-9.-]+\.(?:amazonaws\.com|api\.aws|amazonaws\.com\.cn)$/)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('resolveEndpoint: SigV4a', () => {
  const algorithm = 'AWS4-ECDSA-P256-SHA256'
  const access = { algorithm, bucket: 'mfzwi23gnjvgw.mrap' } as const
  const store = { algorithm, hostPrefix: '123456789012.' } as const

  it('puts a multi-region access point into the host, for any region', () => {
    expect(resolve('s3', { ...access, region: '*' })).toEqual({
      host: 'mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com',
      signingName: 's3',
      signingRegion: '*',
    })
    expect(resolve('s3', { ...access, region: 'us-east-1,eu-west-1' }).signingRegion).toBe(
      'us-east-1,eu-west-1',
    )
  })

  it('signs for no region that may not be reached', () => {
    const regions = new Set(['us-west-2', 'eu-west-1', 'cn-north-1'])
    expect(resolve('s3', { ...access, region: '*', regions }).signingRegion).toBe('eu-west-1,us-west-2')
    expect(resolve('s3', { ...access, region: 'eu-west-1', regions }).signingRegion).toBe('eu-west-1')
    expect(refusedReason('s3', { ...access, region: 'eu-west-1,us-east-1', regions })).toBe(
      'endpoint_refused',
    )
    expect(refusedReason('s3', { ...access, region: '*', regions: new Set(['cn-north-1']) })).toBe(
      'endpoint_refused',
    )
    for (const region of ['us-*', '*,us-east-1', 'us-east-1,', ',', 'us-east-9', 'cn-north-1']) {
      expect(refusedReason('s3', { ...access, region }), region).toBe('endpoint_refused')
    }
  })

  it('refuses a multi-region access point that is signed for one region, and what is no alias', () => {
    expect(refusedReason('s3', { bucket: 'mfzwi23gnjvgw.mrap' })).toBe('endpoint_refused')
    for (const bucket of ['.mrap', 'a.b.mrap', 'a_b.mrap', '-a.mrap', 'evil.example/.mrap', 'A.mrap']) {
      expect(refusedReason('s3', { algorithm, region: '*', bucket }), bucket).toBe('endpoint_refused')
    }
  })

  it('puts the account of a key value store before the one host of all', () => {
    expect(resolve('cloudfront-keyvaluestore', { ...store, region: '*' })).toEqual({
      host: '123456789012.cloudfront-kvs.global.api.aws',
      signingName: 'cloudfront-keyvaluestore',
      signingRegion: '*',
    })
    expect(refusedReason('cloudfront-keyvaluestore', { hostPrefix: '123456789012.' })).toBe(
      'endpoint_refused',
    )
    for (const over of [{ region: 'cn-north-1' }, { region: '*', hostPrefix: '.' }]) {
      expect(refusedReason('cloudfront-keyvaluestore', { ...store, ...over })).toBe('endpoint_refused')
    }
  })

  it('is good for a service of regions where it is for one region', () => {
    expect(resolve('sts', { algorithm, region: 'eu-west-1' })).toMatchObject({
      host: 'sts.eu-west-1.amazonaws.com',
      signingRegion: 'eu-west-1',
    })
    for (const region of ['*', 'eu-west-1,us-east-1', 'eu-west-1,eu-west-9', 'eu-*']) {
      for (const model of ['sts', 'events', 's3', 'sesv2']) {
        expect(refusedReason(model, { algorithm, region }), `${model} ${region}`).toBe('endpoint_refused')
      }
    }
  })

  it('is good for any region where the host is the same in all', () => {
    expect(resolve('iam', { algorithm, region: '*' })).toMatchObject({ signingRegion: 'us-east-1' })
    expect(refusedReason('iam', { algorithm, region: 'us-east-1,cn-north-1' })).toBe('endpoint_refused')
    expect(refusedReason('iam', { algorithm, region: '*', regions: new Set(['cn-north-1']) })).toBe(
      'endpoint_refused',
    )
  })
})

describe('hostsOf', () => {
  it('names the hosts that take a signature, longest first', () => {
    expect(hostsOf('dynamodb', 'eu-west-1')).toEqual([
      'streams.dynamodb.eu-west-1.amazonaws.com',
      'search-dynamodb.eu-west-1.amazonaws.com',
      'dynamodb.eu-west-1.amazonaws.com',
    ])
    expect(hostsOf('cloudfront', 'us-east-1')).toEqual(['cloudfront.amazonaws.com'])
    expect(hostsOf('cloudfront', 'eu-west-1')).toEqual([])
    expect(hostsOf('s3', 'eu-west-1')).toEqual([
      's3-fips.dualstack.eu-west-1.amazonaws.com',
      's3.dualstack.eu-west-1.amazonaws.com',
      'accesspoint.s3-global.amazonaws.com',
      's3-control.eu-west-1.amazonaws.com',
      's3-fips.eu-west-1.amazonaws.com',
      's3-eu-west-1.amazonaws.com',
      's3.eu-west-1.amazonaws.com',
      's3.amazonaws.com',
    ])
    expect(hostsOf('s3', '*')).toContain('accesspoint.s3-global.amazonaws.com')
    expect(hostsOf('cloudfront-keyvaluestore', '*')).toEqual(['cloudfront-kvs.global.api.aws'])
  })

  it('names none for what is not known', () => {
    expect(hostsOf('nothing', 'us-east-1')).toEqual([])
    expect(hostsOf('dynamodb', 'us-east-9')).toEqual([])
    expect(hostsOf('dynamodb', '__proto__')).toEqual([])
  })
})

describe('partitionOf', () => {
  it('goes by the closed list of regions', () => {
    expect(partitionOf('cn-north-1')).toBe('aws-cn')
    expect(partitionOf('us-gov-west-1')).toBe('aws-us-gov')
    for (const region of ['us-east-1', '*', 'cn-nowhere-1', 'us-east-1,cn-north-1']) {
      expect(partitionOf(region)).toBe('aws')
    }
  })
})

describe('isAwsName', () => {
  it('covers the suffixes of every partition', () => {
    for (const { dns, dual } of Object.values(partitions)) {
      expect(isAwsName(`x.${dns}`)).toBe(true)
      expect(isAwsName(`x.${dual}`)).toBe(true)
      expect(isAwsName(`x.${dns}.example`)).toBe(false)
    }
    expect(isAwsName('notamazonaws.com')).toBe(false)
    expect(isAwsName('laws')).toBe(false)
  })
})
