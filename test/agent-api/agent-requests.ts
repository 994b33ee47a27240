/** Requests to the signing endpoint, run through the stages that read them and the one that signs. */
import { NO_OPERATOR_RULES } from '../../proxy/aws/classify/operator-rules.ts'
import type { ServerResponse } from 'node:http'
import { sign, type SignDeps } from '../../proxy/agent-api/sign.ts'
import { describe, type DescribeDeps } from '../../proxy/agent-api/sign-describe.ts'
import { loadCatalogue } from '../../proxy/aws/catalogue/catalogue.ts'
import { Denial } from '../../proxy/core/denial/denial.ts'
import type { Classified, Paced, Verified } from '../../proxy/exchange/exchange.ts'
import { accept, NOW_MS, received, signed, type Signing, type WireRequest } from '../sigv4/signing.ts'

const catalogue = loadCatalogue()

export const SIGN_PATH = '/.moderato/v1/sign'
export const UPSTREAM = { accessKeyId: 'AKIAUPSTREAM', secretAccessKey: 'upstream-secret-that-no-agent-has' }

/** What the description of a body, an object or raw text, makes of it. */
export async function asked(
  body: unknown,
  deps: Partial<DescribeDeps> = {},
  signing: Signing = {},
  wire: Partial<WireRequest> = {},
  change: (verified: Verified) => Verified = (verified) => verified,
): Promise<Classified> {
  const text = Buffer.isBuffer(body) ? body : typeof body === 'string' ? body : JSON.stringify(body)
  const request = { method: 'POST', path: SIGN_PATH, body: Buffer.from(text), ...wire }
  const verified = await accept(received(signed(request, { service: 'moderato', ...signing })))
  const stage = describe({
    catalogue,
    accountOf: () => '123456789012',
    regions: undefined,
    emulator: undefined,
    operatorRules: () => NO_OPERATOR_RULES,
    narrowed: () => false,
    ...deps,
  })
  return stage(change(verified))
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
export async function answered(described: Classified, deps: Partial<SignDeps> = {}): Promise<Answer> {
  let text = ''
  const reply = {
    writeHead: () => undefined,
    end: (body: Buffer) => (text = body.toString()),
  } as unknown as ServerResponse
  const stage = sign({
    owner: () => Promise.resolve(UPSTREAM),
    clock: { nowMs: () => NOW_MS },
    answerHeaders: () => [],
    ...deps,
  })
  await stage({ ...described, reply } as unknown as Paced)
  return JSON.parse(text) as Answer
}
