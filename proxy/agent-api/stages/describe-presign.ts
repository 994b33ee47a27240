/** Reads a request to the signing endpoint into the call that it wants signed, to be decided like that call itself. */
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
import type { Made, SigningPlace } from '../presign/made.ts'
import { s3Url } from '../presign/s3.ts'

export interface DescribePresignDeps {
  readonly catalogue: Catalogue
  /** What operators say of calls beyond it. */
  readonly operatorRules: () => OperatorRules
  /** The account that calls of an agent are made in. */
  readonly accountOf: (agent: Agent) => string | undefined
  /** The regions that may be reached; all known ones if undefined. */
  readonly regions: ReadonlySet<string> | undefined
  readonly emulator: URL | undefined
  /** Whether upstream credentials will be narrowed to what is signed. */
  readonly narrowed: (agent: Agent) => boolean
}

/** A key of 1024 bytes, all of it in `\u` escapes, and all the rest. */
const MAX_BODY_BYTES = 8 * 1024

/** Classifies the request that is to be signed. Its region is that of the agent's own signature. */
export function describePresign({
  regions,
  narrowed,
  operatorRules,
  accountOf,
  catalogue,
  emulator,
}: DescribePresignDeps) {
  return async function describePresign(exchange: Admitted & SignPathChecked): Promise<PresignDescribed> {
    checkOwnRequest(exchange)
    const asked = parseSignBody(await ownBody(exchange, MAX_BODY_BYTES))
    const { region } = exchange.authorization.scope
    const hostOf = (model: string, bucket?: string): string =>
      resolveEndpoint({
        model,
        operation: null,
        region,
        algorithm: ALGORITHM,
        hostPrefix: '',
        bucket,
        regions,
      }).host
    const rules = operatorRules()
    const { agent } = exchange
    const accountId = accountOf(agent)
    const place = {
      catalogue,
      emulator,
      operatorRules: rules,
      region,
      partition: partitionOf(region),
      accountId,
      hostOf,
    }
    const { call, presign } = await make(asked, place)
    const { type, expiresSeconds } = asked
    return {
      ...exchange,
      call,
      accountId,
      classedUnder: rules,
      servicePath: exchange.path,
      outgoing: { kind: 'empty' },
      presign: { ...presign, type, region, expiresSeconds, narrowed: narrowed(agent) },
    }
  }
}

function make(asked: SignBody, place: SigningPlace): Made | Promise<Made> {
  switch (asked.type) {
    case 'eks-token':
      return eksToken(asked, place)
    case 'rds-token':
      return rdsToken(asked, place)
    case 'elasticache-token':
      return elastiCacheToken(asked, place)
    default:
      return s3Url(asked, place)
  }
}
