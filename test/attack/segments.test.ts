/** Spellings of a path that a service may read as another one. */
import { describe, expect, it } from 'vitest'
import { classified, rest, s3 } from '../aws/requests.ts'

describe('a parameter of a path segment, which some servers cut off', () => {
  it.each([
    ['Lambda', 'lambda', '/2015-03-31/functions/own;a=b'],
    ['Route 53', 'route53', '/2013-04-01/hostedzone/Z1;a=b'],
    ['API Gateway', 'apigateway', '/restapis/own;a=b'],
  ])('makes a call unknown: %s', async (_, scope, target) => {
    expect((await classified(rest(scope, 'DELETE', target))).class).toBe('unknown')
  })

  it('is part of a value where it is encoded', async () => {
    const { resources } = await classified(rest('route53', 'DELETE', '/2013-04-01/hostedzone/Z1%3Ba'))
    expect(resources).toEqual(['arn:aws:route53:::hostedzone/Z1;a'])
  })

  it('makes an S3 call touch *', async () => {
    expect((await classified(s3('DELETE', '/own/a;b'))).resources).toContain('*')
    expect((await classified(s3('DELETE', '/own/a%3Bb'))).resources).toEqual(['arn:aws:s3:::own/a;b'])
  })
})

describe('API Gateway, whose resources are its paths', () => {
  it.each(['/restapis/own', '/restapis/ow%6e', '/restapis/%6f%77%6E', '/restapis/own/'])(
    'is one resource in every spelling: %s',
    async (target) => {
      const { operation, resources } = await classified(rest('apigateway', 'DELETE', target))
      expect(operation).toBe('DeleteRestApi')
      expect(resources).toEqual(['arn:aws:apigateway:us-east-1::/restapis/own'])
    },
  )

  it('is any resource with what belongs into no ARN', async () => {
    expect((await classified(rest('apigateway', 'DELETE', '/restapis/own%20'))).resources).toEqual(['*'])
  })
})
