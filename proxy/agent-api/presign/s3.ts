/** Describes a presigned URL for one object: GET, HEAD, or PUT of exactly the bytes that the agent names. */
import { HeaderFields } from '../../core/http/headers.ts'
import { encode } from '../../sigv4/canonical-request.ts'
import type { SignBodyOf } from './body.ts'
import { callOfRequest, type SignableCall, type SigningPlace } from './signable-call.ts'

/**
 * Describes the URL, in path style, as Moderato itself calls S3. The key is encoded once, so that every reader decodes the
 * key that was decided on. The user of a PUT's URL must send its length and hash as headers.
 */
export async function s3Url(body: SignBodyOf<'s3-url'>, place: SigningPlace): Promise<SignableCall> {
  const { method, bucket, key } = body
  const aws = place.hostOf('s3', bucket)
  const { origin, host } = place.emulator ?? { origin: `https://${aws}`, host: aws }
  const path = `/${bucket}/${key.split('/').map(encode).join('/')}`
  const headers = ['host', host]
  if (body.method === 'PUT') {
    headers.push('content-length', String(body.contentLength), 'x-amz-content-sha256', body.sha256)
  }
  const request = { method, path, query: '', headers: new HeaderFields(headers) }
  const call = await callOfRequest(request, 's3', place)
  return {
    call,
    presign: {
      request,
      origin,
      payloadHash: body.method === 'PUT' ? body.sha256 : 'UNSIGNED-PAYLOAD',
      signingName: 's3',
      statement: {
        actions: call.actions,
        resources: [`arn:${place.partition}:s3:::${bucket}/${policyLiteral(key)}`],
      },
    },
  }
}

/** Escapes the three characters that are wildcards or variables in a policy (IAM, "Policy variables"). */
function policyLiteral(key: string): string {
  return key.replace(/[*?$]/g, (each) => `\${${each}}`)
}
