import { describe, expect, it } from 'vitest'
import { parseStsForm, taskParameters } from '../../proxy/agent-api/sts-form.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'

const TASK =
  'Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&RoleSessionName=a-task'

function read(more: string, proof?: 'WebIdentityToken') {
  return taskParameters(parseStsForm(Buffer.from(`${TASK}${more}`)), proof)
}

describe('a form of STS', () => {
  it('gives the parameters of its task as text', () => {
    expect(read('&DurationSeconds=900&Policy=%7B%7D')).toMatchObject({
      RoleArn: 'arn:aws:iam::1:role/x',
      RoleSessionName: 'a-task',
      DurationSeconds: '900',
      Policy: '{}',
    })
    expect(read('&WebIdentityToken=t', 'WebIdentityToken')).toMatchObject({ WebIdentityToken: 't' })
  })

  it('may have empty lists, and the signature of a query', () => {
    expect(Object.keys(read('&Tags=&PolicyArns=&X-Amz-Date=20260101T000000Z'))).toEqual(Object.keys(read('')))
  })

  it.each([
    'PolicyArns=arn:aws:iam::aws:policy/ReadOnlyAccess',
    'PolicyArns.member.1.arn=arn:aws:iam::aws:policy/ReadOnlyAccess',
    'PolicyArns.1=x',
    'ProvidedContexts.member.1.ProviderArn=x',
    'SourceIdentity=somebody',
    'Tags.member.1.Key=team&Tags.member.1.Value=x',
    'Tags.1.Key=team',
    'Tags=x',
    'TransitiveTagKeys.member.1=team',
    'ExternalId=x',
    'SerialNumber=x',
    'TokenCode=123456',
    'ProviderId=www.amazon.com',
    'WebIdentityToken=t',
    'policy=%7B%7D',
    'Policy.Statement=x',
    'RoleArn.1=x',
    'NotAParameter=1',
    '%E2%80%AE=1',
  ])('is refused in words for %s, which would have no effect', (more) => {
    const refusal = (() => {
      try {
        return read(`&${more}`)
      } catch (error) {
        return error
      }
    })()
    expect(refusal).toBeInstanceOf(Denial)
    expect(refusal).toMatchObject({ reason: 'malformed_request' })
  })
})
