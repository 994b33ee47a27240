/** What the makers of the signing endpoint have in common: a request that is not sent by us, and the call that it is. */
import type { ArnPlace } from '../../aws/resources/arns.ts'
import type { Catalogue } from '../../aws/catalogue/types.ts'
import { ACTION_CLASSES, type ActionClass, severest } from '../../core/action-class.ts'
import type { OperatorRules } from '../../aws/classify/operator-rules.ts'
import { callOfOperation, identifyWith } from '../../aws/read-call.ts'
import type { Call } from '../../core/call.ts'
import type { RequestHead } from '../../core/http/request-head.ts'
import type { PresignRequest } from '../../exchange/presign-request.ts'

/** Where, by the scope of the agent's signature, and with what knowledge. */
export interface SigningPlace extends ArnPlace {
  readonly catalogue: Catalogue
  readonly operatorRules: OperatorRules
  /** AWS's own host of a service in this region, from the closed lists. */
  readonly hostOf: (model: string, bucket?: string) => string
  /** Where S3 is, if not at AWS: an emulator. */
  readonly emulator: URL | undefined
}

export interface Made {
  readonly call: Call
  readonly presign: Omit<PresignRequest, 'type' | 'region' | 'expiresSeconds' | 'narrowed'>
}

const EMPTY = Buffer.alloc(0)

/** The call that a request is, read as any other request is read; it is `credentials` besides. */
export async function callOfRequest(
  request: RequestHead,
  signingName: string,
  place: SigningPlace,
): Promise<Call> {
  const found = await identifyWith(place.catalogue, request, signingName, () => Promise.resolve(EMPTY))
  if (found.kind === 'unknown')
    throw new Error(`the catalogue does not know a request of ours: ${found.reason}`)
  const call = callOfOperation(found, request, EMPTY, place, place.operatorRules)
  return { ...call, ...presignClasses(call.classes) }
}

/** The classes of a call that is signed for somebody else to make (rule S10). */
export function presignClasses(own: readonly ActionClass[]): Pick<Call, 'class' | 'classes'> {
  const classes = ACTION_CLASSES.filter((each) => each === 'credentials' || own.includes(each))
  return { class: severest(classes), classes }
}

/** `arn:partition:service:region:account:`, with `*` for an account that is not known. */
export function arnPrefix(service: string, { partition, region, accountId }: ArnPlace): string {
  return `arn:${partition}:${service}:${region}:${accountId ?? '*'}:`
}
