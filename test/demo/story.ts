/** The story: an agent that builds, loops, bursts, oversteps, and what Moderato makes of it. Every claim is checked. */
import {
  ListTablesCommand,
  PutResourcePolicyCommand,
  ScanCommand,
  UpdateContinuousBackupsCommand,
} from '@aws-sdk/client-dynamodb'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Agent, CallResult } from './agent.ts'
import type { Narrator } from './narrator.ts'
import { AGENT, PACES } from './proxy.ts'
import { active, arn, batch, create, gone, remove } from './tables.ts'
import { columns, heading, print, seconds } from './terminal.ts'

export interface Cast {
  readonly agent: Agent
  /** The same access key id with a secret that is not its own. */
  readonly impostor: Agent
  readonly narrator: Narrator
}

type Result = CallResult<unknown>

const TABLES = ['demo-orders', 'demo-users', 'demo-events', 'demo-carts', 'demo-audit', 'demo-sessions']
const ITEMS = 25
/** Until the sandbox no longer lists a deleted table. */
const DELETION_MS = 300

export async function tell(cast: Cast): Promise<void> {
  await build(cast)
  await recreateLoop(cast)
  await burst(cast)
  await batches(cast)
  await overstep(cast)
}

async function build({ agent, narrator }: Cast): Promise<void> {
  heading('1. The agent looks around and builds', `it is ${AGENT.id}; reads and lists are never paced`)
  print(columns())
  const results: Result[] = [
    await narrator.during(
      'ListTables',
      agent.call((it) => it.send(new ListTablesCommand())),
    ),
  ]
  for (const table of TABLES) {
    results.push(await narrator.during(`CreateTable ${table}`, create(agent, table)))
    await active(agent, table, narrator)
  }
  narrator.check(
    results.every(({ error, attempts }) => error === undefined && waitedOf(attempts) === 0),
    `${TABLES.length} tables stand, nothing was held`,
  )
}

async function recreateLoop({ agent, narrator }: Cast): Promise<void> {
  const { rate, burst } = PACES.destructive
  heading(
    '2. It deletes and recreates its environment in a loop',
    `destructive calls: ${rate}, at most ${burst} at once; what comes sooner is held, not refused`,
  )
  print(columns())
  const deletes: Result[] = []
  for (let round = 1; round <= 4; round += 1) {
    deletes.push(await narrator.during('DeleteTable demo-orders, held', remove(agent, 'demo-orders')))
    await gone(agent, 'demo-orders', narrator)
    deletes.push(await narrator.during('CreateTable demo-orders', create(agent, 'demo-orders')))
    await active(agent, 'demo-orders', narrator)
  }
  const waits = deletes.filter((_, index) => index % 2 === 0).map(({ attempts }) => waitedOf(attempts))
  narrator.check(
    deletes.every(({ error }) => error === undefined),
    'every delete and every create got done, by an SDK that noticed nothing',
  )
  narrator.check(
    waits.slice(0, burst).every((ms) => ms === 0),
    `the first ${burst} deletes passed at once`,
  )
  narrator.check(
    waits.slice(burst).every((ms) => ms > 500),
    `each one after them was held: ${waits.slice(burst).map(seconds).join(', ')}`,
  )
}

async function burst({ agent, narrator }: Cast): Promise<void> {
  const { maxWait } = PACES.destructive
  heading(
    '3. It deletes everything at once',
    `who would wait longer than ${maxWait} is throttled in the service's own words; SDKs back off by themselves`,
  )
  print(columns())
  const startedMs = performance.now()
  const removals = Promise.all(TABLES.map((table) => remove(agent, table)))
  const results: readonly Result[] = await narrator.during(`${TABLES.length} x DeleteTable`, removals)
  const tookMs = performance.now() - startedMs
  const attempts = results.flatMap((result) => result.attempts)
  const throttled = attempts.filter(({ decision }) => decision === 'throttle')
  const done = results.filter(({ error }) => error === undefined).length
  narrator.check(
    attempts.some(({ waitedMs }) => (waitedMs ?? 0) > 500),
    'some were held and then done',
  )
  narrator.check(
    throttled.length > 0 && throttled.every(({ error }) => error?.name === 'ThrottlingException'),
    `${throttled.length} attempts were throttled; the SDK saw ThrottlingException and tried again`,
  )
  const givenUp = results.length - done
  narrator.check(
    results.every(({ error }) => error === undefined || error.name === 'ThrottlingException'),
    `${done} of ${results.length} tables went, in ${seconds(tookMs)}; for ${givenUp} the SDK gave up`,
  )
  await sleep(DELETION_MS)
  const left = await narrator.during(
    'ListTables',
    agent.call((it) => it.send(new ListTablesCommand())),
  )
  narrator.check(left.output?.TableNames?.length === givenUp, `${givenUp} tables are left`)
}

async function batches({ agent, narrator }: Cast): Promise<void> {
  const { rate, burst } = PACES['data-delete']
  heading('4. It deletes items in batches', `items count, not requests: ${rate}, at most ${burst} at once`)
  print(columns())
  const table = 'demo-items'
  await narrator.during('CreateTable', create(agent, table))
  await active(agent, table, narrator)
  await narrator.during('BatchWriteItem', batch(agent, table, 'PutRequest', 0, ITEMS))
  const whole: Result = await narrator.during(
    'BatchWriteItem',
    batch(agent, table, 'DeleteRequest', 0, ITEMS),
  )
  narrator.check(
    reasonOf(narrator, whole) === 'pace_exceeds_burst' && whole.attempts.length === 1,
    `${ITEMS} at once can never fit ${burst}: refused with what to do, and the SDK does not retry`,
  )
  const parts: Result[] = []
  for (const [from, to] of [
    [0, 10],
    [10, 20],
    [20, ITEMS],
  ] as const) {
    parts.push(await narrator.during('BatchWriteItem, held', batch(agent, table, 'DeleteRequest', from, to)))
  }
  const scan = await narrator.during(
    'Scan',
    agent.call((it) => it.send(new ScanCommand({ TableName: table }))),
  )
  narrator.check(
    parts.every(({ error }) => error === undefined) && scan.output?.Count === 0,
    'split as the refusal said, all items went',
  )
  narrator.check(waitedOf(parts.at(-1)?.attempts ?? []) > 500, 'the last part was held')
}

async function overstep({ agent, impostor, narrator }: Cast): Promise<void> {
  heading(
    '5. It tries what it has no grant for',
    'grants: write, data-delete, destructive on table/demo-*; read and list everywhere',
  )
  print(columns())
  const table = 'demo-items'
  const refused = async (
    call: Promise<Result>,
    reason: string,
    code: string,
    what: string,
  ): Promise<void> => {
    const result = await narrator.during(what, call)
    narrator.check(
      reasonOf(narrator, result) === reason && result.error?.name.startsWith(code) === true,
      what,
    )
  }
  await refused(
    remove(agent, 'prod-customers'),
    'policy_denied',
    'AccessDenied',
    'a table outside its resources: refused',
  )
  await refused(
    create(agent, 'prod-customers-2'),
    'policy_denied',
    'AccessDenied',
    'creating one there: refused',
  )
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: false }
  const backups = new UpdateContinuousBackupsCommand({ TableName: table, PointInTimeRecoverySpecification })
  await refused(
    agent.call((it) => it.send(backups)),
    'policy_denied',
    'AccessDenied',
    'switching backups off (protection) on its own table: refused',
  )
  const sharing = new PutResourcePolicyCommand({ ResourceArn: arn(table), Policy: '{}' })
  await refused(
    agent.call((it) => it.send(sharing)),
    'policy_denied',
    'AccessDenied',
    'changing who may use its own table (permissions): refused',
  )
  const list = impostor.call((it) => it.send(new ListTablesCommand()))
  await refused(
    list,
    'bad_signature',
    'InvalidSignature',
    'its key id with another secret: refused before anything is read',
  )
}

function waitedOf(attempts: Result['attempts']): number {
  return attempts.reduce((sum, { waitedMs }) => sum + (waitedMs ?? 0), 0)
}

/** The reason of a call's first attempt, as the audit has it. */
function reasonOf(narrator: Narrator, { attempts }: Result): string | undefined {
  return narrator.told.find(({ attempt }) => attempt === attempts[0])?.record?.reason
}
