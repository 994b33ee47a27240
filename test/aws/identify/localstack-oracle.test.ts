/**
 * A second identifier, made by others from the same models, over the requests that botocore makes: LocalStack's routers.
 * Where the two differ, `localstack-differences.json` says who is right and why; a difference that is new, or gone, fails.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { describeRequest } from '../../../proxy/aws/describe-request.ts'
import { SEED, sized, THOROUGH } from '../../support/sample.ts'
import { LOCALSTACK, missing } from '../../support/tools.ts'
import { catalogue } from '../requests.ts'

interface Judgement {
  readonly reason: string
  /** `service protocol: what LocalStack takes for the service` or `service.Operation: service.Operation`. */
  readonly differences: readonly string[]
}

const judged = JSON.parse(
  readFileSync(new URL('localstack-differences.json', import.meta.url), 'utf8'),
) as readonly Judgement[]

interface Taken {
  /** What its routers find, or the name of their error. */
  readonly first: string
  /** What its operation routers find in the services of the signing name. */
  readonly all: readonly string[]
}

function python(script: string, ...args: readonly string[]) {
  const path = fileURLToPath(new URL(script, import.meta.url))
  return spawn(LOCALSTACK.command, ['-W', 'ignore', path, ...args], { stdio: ['pipe', 'pipe', 'ignore'] })
}

/** Each request that botocore makes of its model, with what LocalStack takes it for. */
async function* compared(filled: 'required' | 'all'): AsyncGenerator<readonly [string, Taken]> {
  const botocore = python('botocore-requests.py', filled, String(sized(1, 12)), String(SEED))
  const localstack = python('localstack-oracle.py')
  const taken = createInterface({ input: localstack.stdout })
  botocore.stdout.pipe(localstack.stdin)
  const requests = createInterface({ input: botocore.stdout })[Symbol.asyncIterator]()
  for await (const answer of taken) {
    const { value } = (await requests.next()) as { value: string }
    yield [value, JSON.parse(answer) as Taken]
  }
}

/** How the two differ, in the words of `localstack-differences.json`; undefined where they agree. */
function differenceOf(
  model: string,
  operation: string | null,
  protocol: string,
  { first, all }: Taken,
): string | undefined {
  const own = `${model}.${operation}`
  if (first === own) return undefined
  if (!all.includes(own)) return `${own}: ${first}`
  return `${model} ${protocol}: ${first.split('.')[0]}`
}

describe.skipIf(missing(LOCALSTACK))('identify, beside the routers of LocalStack', () => {
  it('differs over no request of botocore but where the difference is judged', async () => {
    const found = new Set<string>()
    const models = new Set<string>()
    let requests = 0
    let same = 0
    for (const filled of ['required', 'all'] as const) {
      for await (const [line, taken] of compared(filled)) {
        const { expected } = JSON.parse(line) as { expected: [string, string, string] }
        const [model, , protocol] = expected
        models.add(model)
        const { service, operation } = await describeRequest(catalogue, line, undefined)
        const isOwn = service === catalogue.service(model)?.prefix || operation === null
        const difference = differenceOf(isOwn ? model : service, operation, protocol, taken)
        requests++
        if (difference === undefined) same++
        else found.add(difference)
      }
    }
    console.info(
      `LocalStack's routers: the same for ${same} of ${requests} requests, ${found.size} kinds of difference`,
    )
    const known = judged
      .flatMap(({ differences }) => differences)
      .filter((each) => models.has(each.split(/[ .]/, 1)[0] ?? ''))
    expect([...found].toSorted()).toEqual(known.toSorted())
    // Of few services the share says nothing.
    if (THOROUGH) expect(same / requests).toBeGreaterThan(0.94)
  }, 600_000)
})
