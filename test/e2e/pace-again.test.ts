/** Calls that clients send again while they wait: real boto3, and raw bytes for what no SDK would do. */
import { describe, expect, it } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import type { Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { send, signed, type RawRequest } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'
import { BOTO3, missing } from '../support/tools.ts'

const OTHER = { ...BUILDER, id: 'spiffe://example.org/agent/other', accessKeyId: 'AKIDOTHER' }

let upstream: RecordingUpstream
let proxy: Proxy

/** Attempts are dated back from here: from the time at which each is made, two could fall into one second. */
let datedFromMs = 0

async function start(destructive: object): Promise<void> {
  datedFromMs = Date.now()
  ;({ upstream, proxy } = await startScene({
    agents: [BUILDER, OTHER],
    settings: { pacing: { classes: { destructive } } },
  }))
}

/** A DeleteTable as an SDK sends it the `attempt`th time: its own date, and so its own signature. */
async function attempt(table: string, id: string, number = 1, agent = BUILDER): Promise<RawRequest> {
  const body = JSON.stringify({ TableName: table })
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'DynamoDB_20120810.DeleteTable',
    'content-length': String(Buffer.byteLength(body)),
  }
  const signedAt = new Date(datedFromMs - number * 1_000)
  const call = await signed(
    proxy.url,
    { method: 'POST', target: '/', headers, body },
    { service: 'dynamodb', agent, signedAt },
  )
  // botocore leaves the id out of its signature.
  return { ...call, headers: { ...call.headers, 'amz-sdk-invocation-id': id } }
}

const held = (count: number) =>
  expect
    .poll(() => proxy.metric('moderato_pace_queue_depth', { class: 'destructive' }), { timeout: 20_000 })
    .toBe(count)
const deleted = (): string[] =>
  upstream.recorded.map(({ body }) => (JSON.parse(body.toString()) as { TableName: string }).TableName)

describe.skipIf(missing(BOTO3))('boto3 with a short read timeout before a held call', () => {
  it('keeps its place over all its attempts, ahead of who came later, and is forwarded once', async () => {
    // The turn comes 3.5 s after the first call: while boto3 waits for the second time, whatever its pause (1 s at most).
    await start({ rate: '17/min', burst: 1, maxWait: '45s' })
    const waiting = boto3(
      proxy.url,
      `
c = client('dynamodb', read_timeout=2, retries={'mode': 'standard', 'max_attempts': 4})
c.delete_table(TableName='spent')
answer = c.delete_table(TableName='mine')
result = answer['ResponseMetadata']['RetryAttempts']
`,
    )
    await held(1)
    const later = send(proxy.url, await attempt('later', 'later'))
    const [attempts, { status }] = await Promise.all([waiting, later])
    expect(attempts).toBeGreaterThanOrEqual(1)
    expect(status).toBe(200)
    expect(deleted()).toEqual(['spent', 'mine', 'later'])
    const gone = proxy.records().filter(({ reason }) => reason === 'client_gone')
    expect(gone).toHaveLength(attempts as number)
    expect(gone.every(({ decision, operation }) => decision === 'abort' && operation === 'DeleteTable')).toBe(
      true,
    )
  }, 60_000)
})

describe('one call sent again and again (S11)', () => {
  it('costs N for N forwards, in turn', async () => {
    await start({ rate: '1/min', burst: 3, maxWait: '0s' })
    const statuses = []
    for (let number = 1; number <= 5; number += 1) {
      statuses.push((await send(proxy.url, await attempt('t', 'same', number))).status)
    }
    expect(statuses).toEqual([200, 200, 200, 400, 400])
    expect(deleted()).toEqual(['t', 't', 't'])
  })

  it('is forwarded once, by the newest, where several wait at once; the older ones are cut off', async () => {
    await start({ rate: '30/min', burst: 1, maxWait: '20s' })
    await send(proxy.url, await attempt('spent', 'first'))
    const answers = []
    for (let number = 1; number <= 4; number += 1) {
      const sent = send(proxy.url, await attempt('t', 'same', number))
      answers.push(
        sent.then(
          ({ status }) => status,
          (error: Error) => error.message,
        ),
      )
      await proxy.metricReaches('moderato_requests_total', { reason: 'client_gone' }, number - 1)
      await held(1)
    }
    const cutOff = 'socket hang up'
    expect(await Promise.all(answers)).toEqual([cutOff, cutOff, cutOff, 200])
    expect(deleted()).toEqual(['spent', 't'])
    expect(proxy.records().filter(({ detail }) => String(detail).includes('took its place'))).toHaveLength(3)
  })

  it('gains nothing by leaving: who stays goes first, and each forward is charged', async () => {
    await start({ rate: '30/min', burst: 1, maxWait: '20s' })
    await send(proxy.url, await attempt('spent', 'first'))
    const staying = send(proxy.url, await attempt('stays', 'stays'))
    await held(1)
    for (let number = 1; number <= 5; number += 1) {
      const leaving = new AbortController()
      const sent = send(proxy.url, await attempt('leaves', `id-${number}`, number), leaving.signal)
      await held(2)
      leaving.abort()
      await expect(sent).rejects.toThrow(/abort/i)
      await held(1)
    }
    const last = await send(proxy.url, await attempt('leaves', 'id-5', 6))
    expect((await staying).status).toBe(200)
    expect(last.status).toBe(200)
    expect(deleted()).toEqual(['spent', 'stays', 'leaves'])
    // At 2 s a thing: the one that stayed waited for its turn, and the one that came again for the turn after it.
    expect(Number(last.headers['x-moderato-waited-ms'])).toBeGreaterThan(1_000)
  }, 30_000)

  it('does not lend its place to another agent with the same id', async () => {
    await start({ rate: '30/min', burst: 1, maxWait: '20s' })
    await send(proxy.url, await attempt('spent', 'x'))
    await send(proxy.url, await attempt('spent', 'x', 1, OTHER))
    const mine = send(proxy.url, await attempt('t', 'same'))
    await held(1)
    const theirs = send(proxy.url, await attempt('t', 'same', 2, OTHER))
    await held(2)
    expect([(await mine).status, (await theirs).status]).toEqual([200, 200])
    expect(deleted()).toEqual(['spent', 'spent', 't', 't'])
  })
})
