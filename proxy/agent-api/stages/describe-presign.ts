/** Reads a request to the signing endpoint and adds the call that it wants signed, which is then decided as any call. */
import type { Agent } from '../../core/agent.ts'
import type { Catalogue } from '../../aws/catalogue/types.ts'
import type { OperatorRules } from '../../aws/classify/operator-rules.ts'
import { partitionOf, resolveEndpoint } from '../../aws/endpoints/endpoints.ts'
import type { Admitted } from '../../exchange/exchange.ts'
import type { SignPathChecked } from '../../exchange/facts.ts'
import type { PresignDescribed } from '../../exchange/presign-request.ts'
import { ALGORITHM } from '../../sigv4/credential.ts'
import { checkOwnRequest, ownBody } from '../own-request.ts'
import { parseSignBody, type SignBody } from '../presign/body.ts'
import { elastiCacheToken, rdsToken } from '../presign/connect.ts'
import { eksToken } from '../presign/eks.ts'
import { s3Url } from '../presign/s3.ts'
import type { SignableCall, SigningPlace } from '../presign/signable-call.ts'

/** Declares what `describePresign` needs. */
export interface DescribePresignDeps {
  readonly catalogue: Catalogue
  /** Returns the rules that operators add to the catalogue. */
  readonly operatorRules: () => OperatorRules
  /** Returns the account in which calls of an agent are made. */
  readonly accountOf: (agent: Agent) => string | undefined
  /** The regions that may be reached; all known ones if undefined. */
  readonly regions: ReadonlySet<string> | undefined
  readonly emulator: URL | undefined
  /** Tells whether upstream credentials will be narrowed to the signed request. */
  readonly narrowed: (agent: Agent) => boolean
}

/** Leaves room for a key of 1024 bytes, all in `\u` escapes, and the other members. */
const MAX_BODY_BYTES = 8 * 1024

/** Classifies the request that is to be signed. Its region is that of the agent's own signature. */
export function describePresign(deps: DescribePresignDeps) {
  return async function describePresign(exchange: Admitted & SignPathChecked): Promise<PresignDescribed> {
    checkOwnRequest(exchange)
    const body = parseSignBody(await ownBody(exchange, MAX_BODY_BYTES))
    const { agent } = exchange
    const { region } = exchange.authorization.scope
    const place = placeOf(agent, region, deps)
    const { call, presign } = await callOf(body, place)
    const { type, expiresSeconds } = body
    return {
      ...exchange,
      call,
      accountId: place.accountId,
      classedUnder: place.operatorRules,
      servicePath: exchange.path,
      outgoing: { kind: 'empty' },
      presign: { ...presign, type, region, expiresSeconds, narrowed: deps.narrowed(agent) },
    }
  }
}

function placeOf(agent: Agent, region: string, deps: DescribePresignDeps): SigningPlace {
  const { catalogue, emulator, operatorRules, accountOf, regions } = deps
  return {
    catalogue,
    emulator,
    operatorRules: operatorRules(),
    region,
    partition: partitionOf(region),
    accountId: accountOf(agent),
    hostOf: (model, bucket) =>
      resolveEndpoint({
        model,
        operation: null,
        region,
        algorithm: ALGORITHM,
        hostPrefix: '',
        bucket,
        regions,
      }).host,
  }
}

function callOf(body: SignBody, place: SigningPlace): SignableCall | Promise<SignableCall> {
  switch (body.type) {
    case 'eks-token':
      return eksToken(body, place)
    case 'rds-token':
      return rdsToken(body, place)
    case 'elasticache-token':
      return elastiCacheToken(body, place)
    default:
      return s3Url(body, place)
  }
}
