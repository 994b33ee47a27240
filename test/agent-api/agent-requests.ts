/** Requests to the signing endpoint, run through the stages that read them and the one that signs. */
import { passedStages } from '../support/facts.ts'
import { NO_OPERATOR_RULES } from '../../proxy/aws/classify/operator-rules.ts'
import type { ServerResponse } from 'node:http'
import { signForAgent, type SignForAgentDeps } from '../../proxy/agent-api/stages/sign-for-agent.ts'
import { describePresign, type DescribePresignDeps } from '../../proxy/agent-api/stages/describe-presign.ts'
import { loadCatalogue } from '../../proxy/aws/catalogue/catalogue.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Paced, Verified } from '../../proxy/exchange/exchange.ts'
import type { ProofClaimed } from '../../proxy/exchange/facts.ts'
import type { PresignDescribed } from '../../proxy/exchange/presign-request.ts'
import { accept, NOW_MS, received, signed, type Signing, type WireRequest } from '../sigv4/signing.ts'

const catalogue = loadCatalogue()

export const SIGN_PATH = '/.moderato/v1/sign'
export const UPSTREAM = { accessKeyId: 'AKIAUPSTREAM', secretAccessKey: 'upstream-secret-that-no-agent-has' }

/** What the description of a body, an object or raw text, makes of it. */
export async function asked(
  body: unknown,
  deps: Partial<DescribePresignDeps> = {},
  signing: Signing = {},
  wire: Partial<WireRequest> = {},
  change: (verified: Verified) => Verified = (verified) => verified,
): Promise<PresignDescribed> {
  const text = Buffer.isBuffer(body) ? body : typeof body === 'string' ? body : JSON.stringify(body)
  const request = { method: 'POST', path: SIGN_PATH, body: Buffer.from(text), ...wire }
  const verified = await accept(received(signed(request, { service: 'moderato', ...signing })))
  const stage = describePresign({
    catalogue,
    accountOf: () => '123456789012',
    regions: undefined,
    emulator: undefined,
    operatorRules: () => NO_OPERATOR_RULES,
    narrowed: () => false,
    ...deps,
  })
  return stage(passedStages(change(verified)))
}

/** The denial with which a body is refused. */
export async function refused(...given: Parameters<typeof asked>): Promise<Denial> {
  try {
    await asked(...given)
  } catch (error) {
    if (error instanceof Denial) return error
    throw error
  }
  throw new Error('it was not refused')
}

export interface Answer {
  readonly token: string
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly expiresSeconds: number
  readonly expiresAt: string
}

/** What the endpoint answers, with upstream credentials of the test. */
export async function answered(
  described: PresignDescribed,
  deps: Partial<SignForAgentDeps> = {},
): Promise<Answer> {
  let text = ''
  const reply = {
    writeHead: () => undefined,
    end: (body: Buffer) => (text = body.toString()),
  } as unknown as ServerResponse
  const stage = signForAgent({
    owner: () => Promise.resolve(UPSTREAM),
    clock: { nowMs: () => NOW_MS },
    answerHeaders: () => [],
    ...deps,
  })
  await stage({ ...described, reply } as unknown as PresignDescribed & Paced & ProofClaimed)
  return JSON.parse(text) as Answer
}
