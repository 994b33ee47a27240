/** SDKs in other languages, against an emulator behind the proxy: what each signs in its own way. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, READER } from '../support/agents.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import type { Recorded } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'
import {
  builtGoClient,
  GO,
  JAVA,
  javaClassPath,
  javaCommand,
  MAVEN,
  steps,
  type Step,
} from '../support/toolchains.ts'
import { missing, MOTO } from '../support/tools.ts'

const goClient = missing(MOTO, GO) ? undefined : await builtGoClient()
const classPath = missing(MOTO, JAVA, MAVEN) ? undefined : javaClassPath()

/** A step that failed, with what it said. */
function failed(done: readonly Step[]): readonly Step[] {
  return done.filter(({ ok }) => !ok)
}

describe.skipIf(goClient === undefined)('the AWS SDK for Go v2', () => {
  let proxy: Proxy
  beforeAll(async () => {
    const settings = { listen: { agents: '127.0.0.1:0', admin: '127.0.0.1:0', hosts: ['moderato.test'] } }
    proxy = await startProxy({ upstream: await freshMoto(), agents: [BUILDER, READER], settings })
  })
  afterAll(() => proxy?.stop())
  const run = (agent = BUILDER): Promise<Step[]> => {
    const byName = `http://moderato.test:${new URL(proxy.url).port}`
    return steps([goClient ?? ''], proxy.url, { VIRTUAL_ENDPOINT_URL: byName }, agent)
  }

  it('puts, gets, streams, presigns, and addresses buckets by host', async () => {
    const done = await run()
    expect(failed(done)).toEqual([])
    expect(done).toHaveLength(15)
  })

  it('shows the refusals of an agent that may only read as its own errors', async () => {
    const refused = failed(await run(READER))
    const codes = Object.fromEntries(refused.map(({ step, code }) => [step, code]))
    expect(codes).toMatchObject({ 'put and get': 'AccessDenied', dynamodb: 'AccessDeniedException' })
  })
})

describe.skipIf(goClient === undefined)('SigV4a, as the SDK for Go signs it', () => {
  it('is verified, and signed anew for the regions that it was signed for', async () => {
    const { upstream, proxy } = await startScene()
    expect(failed(await steps([goClient ?? '', 'sigv4a'], proxy.url))).toEqual([])
    const { headers } = upstream.recorded.at(-1) as Recorded
    expect(headers['authorization']).toMatch(
      /^AWS4-ECDSA-P256-SHA256 Credential=AKIAUPSTREAM\/\d{8}\/events\/aws4_request/,
    )
    expect(headers['x-amz-region-set']).toBe('*')
  })
})

describe.skipIf(classPath === undefined)('the AWS SDK for Java v2', () => {
  let proxy: Proxy
  beforeAll(async () => {
    proxy = await startProxy({ upstream: await freshMoto(), agents: [BUILDER, READER] })
  })
  afterAll(() => proxy?.stop())
  const command = javaCommand(classPath ?? '')

  it('puts in signed chunks and without, with each checksum, streams, presigns', async () => {
    const done = await steps(command, proxy.url)
    expect(failed(done)).toEqual([])
    expect(done).toHaveLength(13)
  })

  it('shows the refusals of an agent that may only read as its own errors', async () => {
    const refused = failed(await steps(command, proxy.url, {}, READER))
    const codes = Object.fromEntries(refused.map(({ step, code }) => [step, code]))
    // After an upload Java's own HTTP client keeps the body of a refusal to itself.
    expect(codes).toMatchObject({
      'put and get': 'HTTP 403',
      multipart: 'AccessDenied',
      dynamodb: 'AccessDeniedException',
    })
  })
})
