/** A presigned URL for one object: GET and HEAD, or PUT of exactly the bytes that the agent names. */
import { HeaderFields } from '../../core/http/headers.ts'
import { encode } from '../../sigv4/canonical-request.ts'
import type { SignBodyOf } from './body.ts'
import { callOfRequest, type Made, type SigningPlace } from './made.ts'

/**
 * The key is encoded once, so that every reader decodes the key that was decided on. In path style, as Moderato itself
 * speaks to S3. A PUT's length and hash are headers that whoever uses the URL must send.
 */
export async function s3Url(asked: SignBodyOf<'s3-url'>, place: SigningPlace): Promise<Made> {
  const { method, bucket, key } = asked
  const aws = place.hostOf('s3', bucket)
  const { origin, host } = place.emulator ?? { origin: `https://${aws}`, host: aws }
  const path = `/${bucket}/${key.split('/').map(encode).join('/')}`
  const headers = ['host', host]
  if (asked.method === 'PUT') {
    headers.push('content-length', String(asked.contentLength), 'x-amz-content-sha256', asked.sha256)
  }
  const request = { method, path, query: '', headers: new HeaderFields(headers) }
  const call = await callOfRequest(request, 's3', place)
  return {
    call,
    presign: {
      request,
      origin,
      payloadHash: asked.method === 'PUT' ? asked.sha256 : 'UNSIGNED-PAYLOAD',
      signingName: 's3',
      statement: {
        actions: call.actions,
        resources: [`arn:${place.partition}:s3:::${bucket}/${policyLiteral(key)}`],
      },
    },
  }
}

/** In a policy these three stand for other characters unless they are written so (IAM, "Policy variables"). */
function policyLiteral(key: string): string {
  return key.replace(/[*?$]/g, (each) => `\${${each}}`)
}
