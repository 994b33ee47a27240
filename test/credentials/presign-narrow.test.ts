import { describe, expect, it } from 'vitest'
import { narrowed } from '../../proxy/credentials/presign-narrow.ts'
import { assumeRole } from '../../proxy/credentials/assume-role.ts'
import { statementPolicy } from '../../proxy/credentials/policy-text.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { asked, UPSTREAM } from '../agent-api/agent-requests.ts'

const ROLE = 'arn:aws:iam::123456789012:role/signing'

function assumed(): string {
  const ends = new Date(Date.now() + 900_000).toISOString()
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
    <AccessKeyId>ASIANARROW</AccessKeyId><SecretAccessKey>narrow-secret</SecretAccessKey>
    <SessionToken>narrow-token</SessionToken><Expiration>${ends}</Expiration>
  </Credentials></AssumeRoleResult></AssumeRoleResponse>`
}

async function presignOf(body: object) {
  const { presign } = await asked(body)
  if (presign === undefined) throw new Error('nothing is to be signed')
  return presign
}

async function narrowing(origin: string, body: object) {
  const credentials = { current: () => UPSTREAM }
  const upstream = { endpoint: origin, regions: undefined }
  const narrow = narrowed(ROLE, assumeRole(upstream, credentials, undefined))
  const id = 'spiffe://example.org/agent/demo'
  return narrow({ id, root: id, accessKeyId: '', session: undefined }, await presignOf(body))
}

describe('narrowed credentials', () => {
  it('are a session of 15 minutes with a policy of the one thing', async () => {
    const upstream = await RecordingUpstream.start()
    upstream.answer = (_, reply) => reply.writeHead(200, { 'content-type': 'text/xml' }).end(assumed())
    const key = 'a*é"b'
    const got = await narrowing(upstream.url, { type: 's3-url', method: 'GET', bucket: 'own', key })
    await upstream.stop()
    expect(got).toMatchObject({ accessKeyId: 'ASIANARROW', sessionToken: 'narrow-token' })
    expect(got.expiration).toBeInstanceOf(Date)
    const form = new URLSearchParams(upstream.recorded[0]?.body.toString())
    expect(Object.fromEntries(form)).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: ROLE,
      RoleSessionName: expect.stringMatching(/^moderato-spiffe---example.org-agent-demo-[0-9a-f]{16}$/),
      DurationSeconds: '900',
    })
    const policy = form.get('Policy') ?? ''
    // oxlint-disable-next-line no-control-regex
    expect(policy).toMatch(/^[\x20-\x7e]+$/)
    expect(JSON.parse(policy)).toEqual({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::own/a${*}é"b'] }],
    })
  })

  it.each([
    [
      'refused',
      403,
      '<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>',
    ],
    ['broken', 200, '<nothing/>'],
  ])('are refused, not replaced, if the role is %s', async (_, status, body) => {
    const upstream = await RecordingUpstream.start()
    upstream.answer = (__, reply) => reply.writeHead(status, { 'content-type': 'text/xml' }).end(body)
    const error = await narrowing(upstream.url, { type: 'eks-token', cluster: 'dev' }).catch(
      (each: unknown) => each,
    )
    await upstream.stop()
    expect(error).toBeInstanceOf(Denial)
    expect(error).toMatchObject({ reason: 'upstream_credentials' })
  })

  it('have a policy that says what it says in any letters', () => {
    const statement = { actions: ['s3:GetObject'], resources: ['arn:aws:s3:::b/日本😀'] }
    expect(JSON.parse(statementPolicy(statement))).toMatchObject({
      Statement: [{ Resource: statement.resources }],
    })
  })
})
