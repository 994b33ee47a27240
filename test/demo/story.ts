/** Plays the story: an agent builds, loops, bursts and oversteps, and Moderato answers. Every claim is checked. */
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
  /** An agent with the same access key id and a wrong secret. */
  readonly impostor: Agent
  readonly narrator: Narrator
}

type Result = CallResult<unknown>

const TABLES = ['demo-orders', 'demo-users', 'demo-events', 'demo-carts', 'demo-audit', 'demo-sessions']
const ITEMS = 25
/** The time after which the sandbox no longer lists a deleted table. */
const DELETION_MS = 300

/** Plays all chapters but the last, in order. */
export async function playStory(cast: Cast): Promise<void> {
  await build(cast)
  await recreateLoop(cast)
  await burst(cast)
  await batches(cast)
  await overstep(cast)
}

async function build({ agent, narrator }: Cast): Promise<void> {
  heading('1. The agent lists and creates tables', `It is ${AGENT.id}. Reads and lists are never paced.`)
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
    `${TABLES.length} tables were created, and no call had to wait`,
  )
}

async function recreateLoop({ agent, narrator }: Cast): Promise<void> {
  const { rate, burst } = PACES.destructive
  heading(
    '2. The agent deletes and recreates a table in a loop',
    `Pace of destructive calls: ${rate}, at most ${burst} at once. Calls that come sooner wait; they are not refused.`,
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
    'every delete and every create succeeded; the SDK saw no error',
  )
  narrator.check(
    waits.slice(0, burst).every((ms) => ms === 0),
    `the first ${burst} deletes went through at once`,
  )
  narrator.check(
    waits.slice(burst).every((ms) => ms > 500),
    `each later delete waited: ${waits.slice(burst).map(seconds).join(', ')}`,
  )
}

async function burst({ agent, narrator }: Cast): Promise<void> {
  const { maxWait } = PACES.destructive
  heading(
    '3. The agent deletes all tables at once',
    `A call that would wait longer than ${maxWait} gets the service's own throttling error. SDKs then back off and retry.`,
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
    'some deletes waited and then went through',
  )
  narrator.check(
    throttled.length > 0 && throttled.every(({ error }) => error?.name === 'ThrottlingException'),
    `${throttled.length} attempts were throttled: the SDK got ThrottlingException and retried`,
  )
  const givenUp = results.length - done
  narrator.check(
    results.every(({ error }) => error === undefined || error.name === 'ThrottlingException'),
    `${done} of ${results.length} tables were deleted in ${seconds(tookMs)}; the SDK gave up on ${givenUp}`,
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
  heading(
    '4. The agent deletes items in batches',
    `Moderato counts the items, not the requests: ${rate}, at most ${burst} at once.`,
  )
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
    `${ITEMS} items exceed ${burst} at once: the refusal says what to do, and the SDK did not retry`,
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
    'split into smaller calls, as the refusal says, all items were deleted',
  )
  narrator.check(waitedOf(parts.at(-1)?.attempts ?? []) > 500, 'the last part had to wait')
}

async function overstep({ agent, impostor, narrator }: Cast): Promise<void> {
  heading(
    '5. The agent tries what its grants do not allow',
    'Grants: write, data-delete, destructive on table/demo-*; read and list everywhere.',
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
    'deleting a table outside its grants: refused',
  )
  await refused(
    create(agent, 'prod-customers-2'),
    'policy_denied',
    'AccessDenied',
    'creating a table outside its grants: refused',
  )
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: false }
  const backups = new UpdateContinuousBackupsCommand({ TableName: table, PointInTimeRecoverySpecification })
  await refused(
    agent.call((it) => it.send(backups)),
    'policy_denied',
    'AccessDenied',
    'turning off backups of its own table (class protection): refused',
  )
  const sharing = new PutResourcePolicyCommand({ ResourceArn: arn(table), Policy: '{}' })
  await refused(
    agent.call((it) => it.send(sharing)),
    'policy_denied',
    'AccessDenied',
    'changing who may use its own table (class permissions): refused',
  )
  const list = impostor.call((it) => it.send(new ListTablesCommand()))
  await refused(
    list,
    'bad_signature',
    'InvalidSignature',
    'its access key id with a wrong secret: refused before the body is read',
  )
}

function waitedOf(attempts: Result['attempts']): number {
  return attempts.reduce((sum, { waitedMs }) => sum + (waitedMs ?? 0), 0)
}

/** Returns the reason of a call's first attempt, from its audit record. */
function reasonOf(narrator: Narrator, { attempts }: Result): string | undefined {
  return narrator.attempts.find(({ attempt }) => attempt === attempts[0])?.record?.reason
}
