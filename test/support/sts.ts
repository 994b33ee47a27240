/** Runs an upstream that is STS too: it issues numbered credentials, and keeps the requests. */
import type { ServerResponse } from 'node:http'
import { answerEmptyJson, RecordingUpstream, type Recorded } from './recording-upstream.ts'

/** The parameters of one AssumeRole, by the names of the form, and its lists. */
export interface Assumed {
  readonly form: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly transitive: readonly string[]
  readonly policy: string
  /** The access key id that signed the request. */
  readonly signer: string
}

export interface Called {
  readonly signer: string
  readonly token: string
  readonly target: string
  readonly body: string
}

export interface StsUpstream {
  readonly upstream: RecordingUpstream
  /** Returns every AssumeRole, in order. */
  assumed(): Assumed[]
  /** Returns every other call, with its signer and session token. */
  calls(): Called[]
}

/** Starts the upstream. `answer` replaces its answers; it returns undefined for those that it does not replace. */
export async function startSts(
  answer: (assumed: Assumed, reply: ServerResponse) => boolean | Promise<boolean> = () => false,
): Promise<StsUpstream> {
  let number = 0
  const upstream = await RecordingUpstream.start((recorded, reply) => {
    if (!isAssumeRole(recorded)) return answerEmptyJson(recorded, reply)
    void (async () => {
      if (await answer(assumedOf(recorded), reply)) return
      reply.writeHead(200, { 'content-type': 'text/xml' }).end(issued(++number))
    })()
  })
  return {
    upstream,
    assumed: () => upstream.recorded.filter((each) => isAssumeRole(each)).map((each) => assumedOf(each)),
    calls: () =>
      upstream.recorded
        .filter((each) => !isAssumeRole(each))
        .map((each) => ({
          signer: signerOf(each),
          token: String(each.headers['x-amz-security-token'] ?? ''),
          target: String(each.headers['x-amz-target'] ?? each.target),
          body: each.body.toString(),
        })),
  }
}

export function refuse(reply: ServerResponse, status: number, code: string): true {
  const error = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`
  reply.writeHead(status, { 'content-type': 'text/xml' }).end(error)
  return true
}

function issued(number: number): string {
  const ends = new Date(Date.now() + 3_600_000).toISOString()
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
    <AccessKeyId>ASIAROLE${number}</AccessKeyId><SecretAccessKey>secret-${number}</SecretAccessKey>
    <SessionToken>token-${number}</SessionToken><Expiration>${ends}</Expiration>
  </Credentials></AssumeRoleResult></AssumeRoleResponse>`
}

function isAssumeRole({ body }: Recorded): boolean {
  return body.toString('latin1').includes('Action=AssumeRole&')
}

function assumedOf(recorded: Recorded): Assumed {
  const form = Object.fromEntries(new URLSearchParams(recorded.body.toString()))
  const listed = (name: RegExp): string[] =>
    Object.entries(form).flatMap(([key, value]) => (name.test(key) ? [value] : []))
  const keys = listed(/^Tags\.member\.\d+\.Key$/)
  const values = listed(/^Tags\.member\.\d+\.Value$/)
  return {
    form,
    tags: Object.fromEntries(keys.map((key, index) => [key, values[index] ?? ''])),
    transitive: listed(/^TransitiveTagKeys\.member\.\d+$/),
    policy: form['Policy'] ?? '',
    signer: signerOf(recorded),
  }
}

function signerOf({ headers }: Recorded): string {
  return /Credential=([^/]+)\//.exec(String(headers['authorization']))?.[1] ?? ''
}
