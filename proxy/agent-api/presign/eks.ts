/** Describes a token for one EKS cluster: GetCallerIdentity, presigned with the cluster's name in a signed header. */
import { HeaderFields } from '../../core/http/headers.ts'
import { EMPTY_SHA256 } from '../../sigv4/payload.ts'
import type { SignBodyOf } from './body.ts'
import { arnPrefix, callOfRequest, type SignableCall, type SigningPlace } from './signable-call.ts'

/**
 * Describes the token. The cluster is the call's one resource, in any region: a cluster accepts a token for any STS host
 * of its partition, and compares only its name.
 */
export async function eksToken(
  { cluster }: SignBodyOf<'eks-token'>,
  place: SigningPlace,
): Promise<SignableCall> {
  const host = place.hostOf('sts')
  const request = {
    method: 'GET',
    path: '/',
    query: 'Action=GetCallerIdentity&Version=2011-06-15',
    headers: new HeaderFields(['host', host, 'x-k8s-aws-id', cluster]),
  }
  const call = await callOfRequest(request, 'sts', place)
  return {
    call: { ...call, resources: [`${arnPrefix('eks', { ...place, region: '*' })}cluster/${cluster}`] },
    presign: {
      request,
      origin: `https://${host}`,
      payloadHash: EMPTY_SHA256,
      signingName: 'sts',
      statement: { actions: ['sts:GetCallerIdentity'], resources: ['*'] },
    },
  }
}
