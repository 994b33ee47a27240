/**
 * What one call costs in each stage: the stages' own factories over the real catalogue and policy, no sockets.
 *
 * A stage alone in a loop has the processor's caches and predictors to itself. One call after another through all
 * stages costs more than their sum, and is what a proxy pays: it is measured too, with the verdict remembered. HMAC
 * alone tells how fast the machine is just now.
 */
import { passedStages } from '../support/facts.ts'
import { createHash, createHmac } from 'node:crypto'
import { loadCatalogue } from '../../proxy/aws/catalogue/catalogue.ts'
import { callOfOperation, identifyWith } from '../../proxy/aws/read-call.ts'
import type { Approved, Classified, Paced } from '../../proxy/exchange/exchange.ts'
import { HeaderFields } from '../../proxy/core/http/headers.ts'
import { measure, measureMedian, type MicroResult } from './measure.ts'
import { sampleCalls } from './sample-calls.ts'
import { measureSessions } from './sessions.ts'
import { READ, REGION, signer, unsignedRequest, WRITE, type Kind } from './signed-requests.ts'
import { agents, HOST, received, signedBy, stages } from './stages.ts'

async function measureStages(kind: Kind, calls: number): Promise<MicroResult[]> {
  const stage = await stages(agents)
  const start = passedStages(received(await signedBy(signer, kind)))
  const identified = stage.identify(start)
  const verified = passedStages(await stage.verify(identified))
  const classified = passedStages(await stage.classify(verified))
  const decided = stage.decide(classified)
  const approved: Approved = await stage.approve(decided)
  const paced: Paced = await stage.pace(approved)
  const equipped = passedStages(await stage.attachCredentials(paced))
  const of = (name: string): string => `${name} (${kind.operation})`
  return [
    await measure(of('header fields'), calls, () => new HeaderFields(start.headers.raw)),
    await measure(of('check head'), calls, () => stage.checkHead(start)),
    await measure(of('identify'), calls, () => stage.identify(start)),
    await measure(of('verify'), calls, () => stage.verify(identified)),
    await measure(of('classify'), calls, () => stage.classify(verified)),
    await measure(of('decide, verdict remembered'), calls, () => stage.decide(classified)),
    await measure(of('decide, resource new'), calls, () =>
      stage.decide(passedStages(withNewResource(classified))),
    ),
    await measure(of('approve, nobody needs to'), calls, () => stage.approve(decided)),
    await measure(of('pace'), calls, () => stage.pace(approved)),
    await measure(of('consume approval, none given'), calls, () => stage.consumeApproval(paced)),
    await measure(of('sign'), calls, () => stage.resign(equipped)),
    await measure(of('all of these, one after another'), calls, async () => {
      const head = stage.checkHead({ ...start, headers: new HeaderFields(start.headers.raw) })
      const verified = passedStages(await stage.verify(stage.identify(head)))
      const known = stage.decide(passedStages(await stage.classify(verified)))
      stage.resign(
        await stage.consumeApproval(
          await stage.attachCredentials(await stage.pace(await stage.approve(known))),
        ),
      )
    }),
  ]
}

const IN_AWS = { partition: 'aws', region: REGION, accountId: '111122223333' }

/** What a call is and does, from its head and body alone. */
async function measureCatalogue(calls: number): Promise<MicroResult[]> {
  const catalogue = loadCatalogue()
  const results: MicroResult[] = []
  for (const { name, scope, head, body } of sampleCalls()) {
    const bytes = Buffer.from(body)
    const given = Promise.resolve(bytes)
    const call = async () => {
      const found = await identifyWith(catalogue, head, scope, () => given)
      if (found.kind === 'unknown') throw new Error(found.reason)
      return callOfOperation(found, head, bytes, IN_AWS)
    }
    const times = bytes.length > 10_000 ? Math.ceil(calls / 20) : calls
    results.push(await measureMedian(`identify and classify: ${name}`, times, call))
  }
  return results
}

let resources = 0

/** The call, on a table that no call before it named. */
function withNewResource(classified: Classified): Classified {
  resources += 1
  const resource = `arn:aws:dynamodb:${REGION}:*:table/new-${resources}`
  return { ...classified, call: { ...classified.call, resources: [resource] } }
}

/** The library's signer beside ours: a whole request, and a string with a key that it has cached. */
async function measureLibrary(calls: number): Promise<MicroResult[]> {
  const request = unsignedRequest(READ, HOST, 1)
  const text = `AWS4-HMAC-SHA256\n20261123T100000Z\n20261123/${REGION}/dynamodb/aws4_request\n${createHash('sha256').update('').digest('hex')}`
  const key = Buffer.alloc(32, 7)
  return [
    await measure('HMAC-SHA256 by node:crypto', calls, () =>
      createHmac('sha256', key).update(text).digest('hex'),
    ),
    await measure('@smithy/signature-v4 sign (whole request)', calls, () => signer.sign(request)),
    await measure('@smithy/signature-v4 sign (string)', calls, () => signer.sign(text)),
  ]
}

const calls = Number(process.argv[2] ?? 20_000)
const results = [
  ...(await measureStages(READ, calls)),
  ...(await measureStages(WRITE, calls)),
  ...(await measureSessions(calls)),
  ...(await measureCatalogue(calls)),
  ...(await measureLibrary(Math.ceil(calls / 4))),
]
process.stdout.write(`${JSON.stringify(results)}\n`)
