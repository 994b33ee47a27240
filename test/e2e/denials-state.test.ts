import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DeleteTableCommand, ListTablesCommand, TagResourceCommand } from '@aws-sdk/client-dynamodb'
import { DeleteObjectCommand, GetObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { dynamodb, s3, thrownBy } from '../support/clients.ts'
import type { Proxy } from '../support/proxy.ts'
import { send, signed } from '../support/raw-http.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startScene } from '../support/scene.ts'
import { expectNextStep, refused } from './denial-check.ts'

const ONCE = { maxAttempts: 1 }

let upstream: RecordingUpstream
let proxy: Proxy

async function start(): Promise<void> {
  ;({ upstream, proxy } = await startScene())
}

/** Holds the SQLite file as a process does that is stuck in a write. */
function holdFile(): () => void {
  const db = new DatabaseSync(join(proxy.stateDir, 'state.sqlite'), { timeout: 5_000 })
  db.exec('BEGIN IMMEDIATE')
  return () => {
    db.exec('ROLLBACK')
    db.close()
  }
}

const drop = (name: string) =>
  dynamodb(proxy.url, undefined, ONCE).send(new DeleteTableCommand({ TableName: name }))
const list = () => dynamodb(proxy.url, undefined, ONCE).send(new ListTablesCommand({}))

describe('a SQLite file that cannot be written', () => {
  it('state_unavailable: refuses changes in each dialect, lets reads go on, and works again by itself', async () => {
    await start()
    const release = holdFile()
    const { result, record } = await refused(proxy, 'state_unavailable', () => thrownBy(drop('t')))
    expect(result).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    expectNextStep(result, 'state_unavailable')
    expect(record).toMatchObject({ class: 'destructive', decision: 'error' })
    const ofS3 = await thrownBy(
      s3(proxy.url, undefined, ONCE).send(new DeleteObjectCommand({ Bucket: 'b', Key: 'k' })),
    )
    expect(ofS3).toMatchObject({ name: 'ServiceUnavailable', status: 503 })
    const request = {
      method: 'POST',
      target: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=DeleteVpc&Version=2016-11-15&VpcId=vpc-1',
    }
    const ofEc2 = await send(proxy.url, await signed(proxy.url, request, { service: 'ec2' }))
    expect(ofEc2.body.toString()).toMatch(
      /<Response><Errors><Error><Code>(ServiceUnavailable|Unavailable)<\/Code>/,
    )
    expect(upstream.arrived).toEqual([])
    expect(await proxy.metric('moderato_state_up')).toBe(0)
    await list()
    await s3(proxy.url, undefined, ONCE)
      .send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }))
      .catch(() => undefined)
    expect(upstream.arrived).toHaveLength(2)
    release()
    await drop('t')
    expect(await proxy.metric('moderato_state_up')).toBe(1)
    expect(proxy.log()).toMatch(/does not answer[^]*answers again/)
  })

  it('refuses a change that is not paced too, since its copy could not be known', async () => {
    await start()
    const release = holdFile()
    const tag = new TagResourceCommand({
      ResourceArn: 'arn:aws:dynamodb:us-east-1:123456789012:table/t',
      Tags: [{ Key: 'k', Value: 'v' }],
    })
    const thrown = await thrownBy(dynamodb(proxy.url, undefined, ONCE).send(tag))
    expect(thrown).toMatchObject({ name: 'ServiceUnavailableException', status: 503 })
    expect(upstream.arrived).toEqual([])
    release()
  })
})
