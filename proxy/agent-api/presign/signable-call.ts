/** Describes a request that Moderato signs and somebody else sends, as the call that it is. */
import type { ArnPlace } from '../../aws/resources/arns.ts'
import type { Catalogue } from '../../aws/catalogue/types.ts'
import { ACTION_CLASSES, type ActionClass, severest } from '../../core/action-class.ts'
import type { OperatorRules } from '../../aws/classify/operator-rules.ts'
import { callOfOperation, identifyWith } from '../../aws/read-call.ts'
import type { Call } from '../../core/call.ts'
import type { RequestHead } from '../../core/http/request-head.ts'
import type { PresignRequest } from '../../exchange/presign-request.ts'

/** The place of the call, by the scope of the agent's signature, and the catalogue that knows it. */
export interface SigningPlace extends ArnPlace {
  readonly catalogue: Catalogue
  readonly operatorRules: OperatorRules
  /** Returns AWS's own host of a service in this region, from the closed lists. */
  readonly hostOf: (model: string, bucket?: string) => string
  /** The emulator that takes the place of S3; undefined for AWS's own. */
  readonly emulator: URL | undefined
}

/** A call, and the request that makes it. */
export interface SignableCall {
  readonly call: Call
  readonly presign: Omit<PresignRequest, 'type' | 'region' | 'expiresSeconds' | 'narrowed'>
}

const EMPTY = Buffer.alloc(0)

/** Classifies a request as any other; it is of class `credentials` too. */
export async function callOfRequest(
  request: RequestHead,
  signingName: string,
  place: SigningPlace,
): Promise<Call> {
  const found = await identifyWith(place.catalogue, request, signingName, () => Promise.resolve(EMPTY))
  if (found.kind === 'unknown')
    throw new Error(`the catalogue does not know a request that Moderato built: ${found.reason}`)
  const call = callOfOperation(found, request, EMPTY, place, place.operatorRules)
  return { ...call, ...presignClasses(call.classes) }
}

/** Returns the classes of a call that somebody else will make (rule S10). */
export function presignClasses(own: readonly ActionClass[]): Pick<Call, 'class' | 'classes'> {
  const classes = ACTION_CLASSES.filter((each) => each === 'credentials' || own.includes(each))
  return { class: severest(classes), classes }
}

/** Returns `arn:partition:service:region:account:`, with `*` for an account that is not known. */
export function arnPrefix(service: string, { partition, region, accountId }: ArnPlace): string {
  return `arn:${partition}:${service}:${region}:${accountId ?? '*'}:`
}
