/** PartiQL through the proxy: a grant on a table covers the statements on it, and no statement on another. */
import {
  BatchExecuteStatementCommand,
  CreateTableCommand,
  DeleteTableCommand,
  ExecuteStatementCommand,
  ExecuteTransactionCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, READER, TENANT } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { missing, MOTO } from '../support/tools.ts'

const TABLE = 'arn:aws:dynamodb:us-east-1:123456789012:table'

describe.skipIf(missing(MOTO))('PartiQL of an agent that may use one table', () => {
  let proxy: Proxy
  const tables = ['own', 'victim']
  const tenant = () => dynamodb(proxy.url, TENANT)
  const execute = (Statement: string) => tenant().send(new ExecuteStatementCommand({ Statement }))

  beforeAll(async () => {
    proxy = await startProxy({
      upstream: await freshMoto(),
      agents: [BUILDER, TENANT, READER],
      settings: { upstream: { accountId: '123456789012' } },
    })
    for (const TableName of tables)
      await dynamodb(proxy.url).send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        }),
      )
  })
  afterAll(async () => {
    for (const TableName of tables) await dynamodb(proxy.url).send(new DeleteTableCommand({ TableName }))
    await proxy?.stop()
  })

  it('works on that table: inserts, reads, updates, deletes', async () => {
    await execute(`INSERT INTO "own" VALUE {'id': '1', 'a': 'x'}`)
    await execute(`UPDATE "own" SET a = 'FROM victim' WHERE id = '1'`)
    const { Items } = await execute(`SELECT * FROM "own" WHERE id = '1'`)
    expect(Items).toEqual([{ id: { S: '1' }, a: { S: 'FROM victim' } }])
    await execute(`DELETE FROM "own" WHERE id = '1'`)
    expect((await execute(`SELECT * FROM "own"`)).Items).toEqual([])
  })

  it('counts each statement of a batch and of a transaction', async () => {
    const statements = ['2', '3', '4'].map((id) => ({ Statement: `INSERT INTO "own" VALUE {'id': '${id}'}` }))
    await tenant().send(new ExecuteTransactionCommand({ TransactStatements: statements }))
    const deletes = ['2', '3', '4'].map((id) => ({ Statement: `DELETE FROM "own" WHERE id = '${id}'` }))
    await tenant().send(new BatchExecuteStatementCommand({ Statements: deletes }))
    const inserted = await proxy.record(({ operation }) => operation === 'ExecuteTransaction')
    expect(inserted).toMatchObject({ count: 3, classes: ['write'], resources: [`${TABLE}/own`] })
    const deleted = await proxy.record(({ operation }) => operation === 'BatchExecuteStatement')
    expect(deleted).toMatchObject({ count: 3, class: 'data-delete', resources: [`${TABLE}/own`] })
  })

  it.each([
    `SELECT * FROM "victim"`,
    `DELETE FROM victim WHERE id = '1'`,
    `SELECT * FROM own, victim`,
    `SELECT * FROM "own" WHERE id IN (SELECT id FROM "victim")`,
    `SELECT * FROM /* "own" */ "victim"`,
    `SELECT * FROM "own\\" WHERE id = '1' --"`,
    `SELECT * FROM "arn:aws:dynamodb:us-east-1:999988887777:table/own"`,
    `SELECT * FROM "own"."any-index"`,
  ])('is refused on another: %s', async (statement) => {
    const sent = await thrownBy(execute(statement))
    expect(sent).toMatchObject({ name: 'AccessDeniedException', status: 403 })
  })

  it('is refused as a whole if one statement of many is on another', async () => {
    const Statements = [`SELECT * FROM own WHERE id='1'`, `SELECT * FROM victim WHERE id='1'`].map(
      (Statement) => ({ Statement }),
    )
    const sent = await thrownBy(tenant().send(new BatchExecuteStatementCommand({ Statements })))
    expect(sent).toMatchObject({ name: 'AccessDeniedException' })
  })

  it('is refused a change that only looks like a read, for an agent that may read everything', async () => {
    const reader = dynamodb(proxy.url, READER)
    for (const Statement of [`DELETE FROM own WHERE id='1'`, `SELECT * FROM own; DELETE FROM own`]) {
      const sent = await thrownBy(reader.send(new ExecuteStatementCommand({ Statement })))
      expect(sent).toMatchObject({ name: 'AccessDeniedException' })
    }
  })
})
