import { describe, expect, it } from 'vitest'
import { sessionPolicy } from '../../proxy/agent-api/session-policy.ts'

const document = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })
const ALLOW = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*' }

describe('sessionPolicy', () => {
  it('reads statements, one or several, with their actions in lower case', () => {
    expect(sessionPolicy(document(ALLOW))).toEqual([
      { effect: 'Allow', actions: ['s3:getobject'], resources: ['arn:aws:s3:::b/*'] },
    ])
    const one = JSON.stringify({
      Version: '2012-10-17',
      Statement: { ...ALLOW, Effect: 'Deny', Action: ['*'] },
    })
    expect(sessionPolicy(one)).toMatchObject([{ effect: 'Deny', actions: ['*'] }])
  })

  it('takes the spellings of characters that have a meaning', () => {
    const resources = ['arn:aws:s3:::b/${*}', 'arn:aws:s3:::b/${?}${$}{x}/*']
    expect(sessionPolicy(document({ ...ALLOW, Resource: resources }))).toMatchObject([{ resources }])
  })

  it.each([
    ['NotAction', { Effect: 'Allow', NotAction: 's3:*', Resource: '*' }],
    ['NotResource', { Effect: 'Allow', Action: 's3:*', NotResource: '*' }],
    ['Condition', { ...ALLOW, Condition: { Bool: { 'aws:SecureTransport': 'true' } } }],
    ['Principal', { ...ALLOW, Principal: '*' }],
    ['a question mark', { ...ALLOW, Resource: 'arn:aws:s3:::b?' }],
    ['half a spelling', { ...ALLOW, Resource: 'arn:aws:s3:::b/${*' }],
    ['a dollar sign', { ...ALLOW, Resource: 'arn:aws:s3:::b/$' }],
    ['a variable', { ...ALLOW, Resource: 'arn:aws:s3:::${aws:username}/*' }],
    ['an effect of another name', { ...ALLOW, Effect: 'allow' }],
    ['no resource', { Effect: 'Allow', Action: 's3:*' }],
  ])('refuses %s, which would grant more if it were left out', (_name, statement) => {
    expect(() => sessionPolicy(document(statement))).toThrow(/The session policy may have/)
  })

  it('refuses another version, no statement, and a member that stands twice', () => {
    expect(() => sessionPolicy(JSON.stringify({ Version: '2008-10-17', Statement: [ALLOW] }))).toThrow()
    expect(() => sessionPolicy(document())).toThrow()
    expect(() =>
      sessionPolicy(
        `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}]}`,
      ),
    ).toThrow()
  })
})
