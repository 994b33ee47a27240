/** Wraps what the agent does to tables, each as one call of the SDK. */
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
} from '@aws-sdk/client-dynamodb'
import { setTimeout as sleep } from 'node:timers/promises'
import { REGION, type Agent } from './agent.ts'
import type { Narrator } from './narrator.ts'

export const arn = (table: string): string => `arn:aws:dynamodb:${REGION}:000000000000:table/${table}`

export function create(agent: Agent, table: string) {
  return agent.call((it) =>
    it.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    ),
  )
}

export function remove(agent: Agent, table: string) {
  return agent.call((it) => it.send(new DeleteTableCommand({ TableName: table })))
}

export function batch(
  agent: Agent,
  table: string,
  kind: 'PutRequest' | 'DeleteRequest',
  from: number,
  to: number,
) {
  const keys = Array.from({ length: to - from }, (_, index) => ({ id: { S: `item-${from + index}` } }))
  const requests = keys.map((Key) =>
    kind === 'PutRequest' ? { PutRequest: { Item: Key } } : { DeleteRequest: { Key } },
  )
  return agent.call((it) => it.send(new BatchWriteItemCommand({ RequestItems: { [table]: requests } })))
}

/** Polls, as an SDK's waiter does, until the table can be used. */
export async function active(agent: Agent, table: string, narrator: Narrator): Promise<void> {
  await polled(agent, table, narrator, ({ output }) => output?.Table?.TableStatus === 'ACTIVE')
}

/** Polls until the table is deleted. */
export async function gone(agent: Agent, table: string, narrator: Narrator): Promise<void> {
  await polled(agent, table, narrator, ({ error }) => error?.name === 'ResourceNotFoundException')
}

async function polled(
  agent: Agent,
  table: string,
  narrator: Narrator,
  reached: (result: Awaited<ReturnType<typeof describe>>) => boolean,
): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    await sleep(150)
    if (reached(await narrator.during(`DescribeTable ${table}`, describe(agent, table)))) return
  }
  narrator.check(false, `${table} did not become ready, or was not deleted, in time`)
}

function describe(agent: Agent, table: string) {
  return agent.call((it) => it.send(new DescribeTableCommand({ TableName: table })))
}
