/** Reads a request to the signing endpoint into the call that it wants signed, to be decided like that call itself. */
import type { Agent } from '../core/agent.ts'
import type { Catalogue } from '../aws/catalogue/types.ts'
import type { OperatorRules } from '../aws/classify/operator-rules.ts'
import { partitionOf, resolveEndpoint } from '../aws/endpoints/endpoints.ts'
import type { Classified, Verified } from '../exchange/exchange.ts'
import { ALGORITHM } from '../sigv4/credential.ts'
import { checkOwnRequest, ownBody } from './own-request.ts'
import { parseSignBody, type SignBody } from './sign-body.ts'
import { elastiCacheToken, rdsToken } from './sign-connect.ts'
import { eksToken } from './sign-eks.ts'
import type { Made, SigningPlace } from './sign-made.ts'
import { s3Url } from './sign-s3.ts'

export interface DescribeDeps {
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

/** Verified -> Classified, with the request that is to be signed. Its region is that of the agent's own signature. */
export function describe({ regions, narrowed, operatorRules, accountOf, catalogue, emulator }: DescribeDeps) {
  return async function describe(exchange: Verified): Promise<Classified> {
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
    const { call, handOn } = await make(asked, place)
    const { type, expiresSeconds } = asked
    return {
      ...exchange,
      call,
      accountId,
      classedUnder: rules,
      servicePath: exchange.path,
      outgoing: { kind: 'empty' },
      handOn: { ...handOn, type, region, expiresSeconds, narrowed: narrowed(agent) },
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
