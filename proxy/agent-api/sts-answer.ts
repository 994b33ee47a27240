/** Formats answers of STS (API version 2011-06-15, query protocol). */
import type { Agent, Session } from '../core/agent.ts'
import { escapeXml } from '../aws/errors/error-response.ts'
import type { Sealed } from '../identity/sealed-token.ts'
import type { StsAnswer } from './agent-request.ts'

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

/** Returns the answer to AssumeRole or AssumeRoleWithWebIdentity, with a session's credentials. */
export function assumedRole(
  { action, subject, audience }: StsAnswer,
  session: Session,
  { accessKeyId, secretAccessKey, sessionToken }: Sealed,
  expiration: string,
  requestId: string,
): string {
  const { id, roleArn = '' } = session.task
  return answer(action, requestId, [
    ...(subject === undefined ? [] : [element('SubjectFromWebIdentityToken', text(subject))]),
    ...(audience === undefined ? [] : [element('Audience', text(audience))]),
    element(
      'AssumedRoleUser',
      element('AssumedRoleId', text(`${roleId(session)}:${id}`)) +
        element('Arn', text(assumedRoleArn(roleArn, id))),
    ),
    element(
      'Credentials',
      element('AccessKeyId', accessKeyId) +
        element('SecretAccessKey', secretAccessKey) +
        element('SessionToken', sessionToken) +
        element('Expiration', expiration),
    ),
  ])
}

/** Returns the answer to GetCallerIdentity. Terraform parses the ARN and takes the account from it. */
export function callerIdentity({ id, session }: Agent, accountId: string, requestId: string): string {
  const taskId = session?.task.id ?? id
  const role = session?.task.roleArn ?? `arn:aws:iam::${accountId}:role/moderato`
  return answer('GetCallerIdentity', requestId, [
    element('Arn', text(assumedRoleArn(role.replace(/::\d{12}:/, `::${accountId}:`), taskId))),
    element('UserId', text(`${session === undefined ? 'AROAMODERATO' : roleId(session)}:${taskId}`)),
    element('Account', accountId),
  ])
}

/** Returns the ARN of an assumed role, without the role's path: `arn:aws:sts::1:assumed-role/name/session`. */
function assumedRoleArn(roleArn: string, sessionName: string): string {
  const [arn = 'arn', partition = 'aws', , , account = ''] = roleArn.split(':')
  return `${arn}:${partition}:sts::${account}:assumed-role/${roleArn.split('/').at(-1) ?? 'moderato'}/${sessionName}`
}

function roleId({ id }: Session): string {
  return `AROA${id
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .toUpperCase()
    .padEnd(17, 'M')
    .slice(0, 17)}`
}

function answer(action: string, requestId: string, parts: readonly string[]): string {
  const result = element(`${action}Result`, parts.join(''))
  const metadata = element('ResponseMetadata', element('RequestId', requestId))
  return `<${action}Response xmlns="${NAMESPACE}">${result}${metadata}</${action}Response>`
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`
}

const text = escapeXml
