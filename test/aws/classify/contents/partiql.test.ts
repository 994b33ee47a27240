/** What statements do, and to which tables: a call with statements needs what each of them needs. */
import { describe, expect, it } from 'vitest'
import { callOfOperation, identifyWith } from '../../../../proxy/aws/read-call.ts'
import type { ActionClass } from '../../../../proxy/core/action-class.ts'
import { catalogue, classified, dynamodb, headOf } from '../../requests.ts'

const TABLE = 'arn:aws:dynamodb:us-east-1:111122223333:table'
const ALL = ['Select', 'Insert', 'Update', 'Delete'].map((each) => `dynamodb:PartiQL${each}`)
const UNREADABLE = {
  actions: ALL,
  classes: ['read', 'write', 'data-delete', 'opaque'],
  class: 'opaque',
  traits: expect.arrayContaining(['may-overwrite', 'unreadable']),
  resources: ['*'],
}

describe('a PartiQL statement', () => {
  it.each<[string, ActionClass, string, string]>([
    ['SELECT * FROM t', 'read', 'Select', 't'],
    ['EXISTS(SELECT * FROM "t.u-v" WHERE a = ?)', 'read', 'Select', 't.u-v'],
    ['  insert into t value {}', 'write', 'Insert', 't'],
    ['Update t set a=1', 'write', 'Update', 't'],
    ['DELETE FROM t WHERE pk=1', 'data-delete', 'Delete', 't'],
  ])('names its class, action and table: %s', async (Statement, expected, action, table) => {
    expect(await classified(dynamodb('ExecuteStatement', { Statement }))).toMatchObject({
      classes: [expected],
      actions: [`dynamodb:PartiQL${action}`],
      resources: [`${TABLE}/${table}`],
    })
  })

  it('names an index and its table, as Query does', async () => {
    const query = await classified(dynamodb('Query', { TableName: 'Music', IndexName: 'ByYear' }))
    const select = await classified(
      dynamodb('ExecuteStatement', { Statement: 'SELECT * FROM "Music"."ByYear"' }),
    )
    expect(select.resources).toEqual([`${TABLE}/Music/index/ByYear`, `${TABLE}/Music`])
    expect(select.resources).toEqual(query.resources)
  })

  it('takes an ARN for the table', async () => {
    const elsewhere = 'arn:aws:dynamodb:eu-west-1:999988887777:table/shared'
    expect(
      (await classified(dynamodb('ExecuteStatement', { Statement: `SELECT * FROM "${elsewhere}"."i"` })))
        .resources,
    ).toEqual([`${elsewhere}/index/i`, elsewhere])
  })

  it.each([
    '"arn:aws:s3:::t"',
    '"arn:aws:dynamodb:us-east-1:111122223333:table/t/index/i"',
    '"arn:aws:dynamodb:us-east-1:111122223333:table/*"',
    '"t/index/i"',
    '"t*"',
    '"a b"',
    '"a""b"',
    '"tаble"',
    '"t"."i*"',
    '"t*"."i"',
  ])('may use any table if the name is none: %s', async (name) => {
    const call = await classified(dynamodb('ExecuteStatement', { Statement: `SELECT * FROM ${name}` }))
    expect(call.resources).toContain('*')
    expect(call.classes).toEqual(['read'])
  })

  it('leaves an unknown account open', async () => {
    const sample = dynamodb('ExecuteStatement', { Statement: 'SELECT * FROM t' })
    const head = headOf(sample)
    const bytes = Buffer.from(sample.body ?? '')
    const found = await identifyWith(catalogue, head, 'dynamodb', () => bytes)
    if (found.kind !== 'operation') throw new Error('not identified')
    const place = { partition: 'aws-cn', region: 'cn-north-1', accountId: undefined }
    expect(callOfOperation(found, head, bytes, place).resources).toEqual([
      'arn:aws-cn:dynamodb:cn-north-1:*:table/t',
    ])
  })

  it.each([
    ['UPDATE t SET a=1 WHERE pk=1', ['write'], ['may-overwrite']],
    ['UPDATE t REMOVE a WHERE pk=1', ['write', 'data-delete'], ['may-overwrite']],
    ['UPDATE t SET a=set_delete(a, <<1>>) WHERE pk=1', ['write', 'data-delete'], ['may-overwrite']],
  ])('says what an update does: %s', async (Statement, classes, traits) => {
    expect(await classified(dynamodb('ExecuteStatement', { Statement }))).toMatchObject({ classes, traits })
  })

  it.each<[string, unknown]>([
    ['no statement', {}],
    ['a number', { Statement: 7 }],
    ['an object', { Statement: { a: 1 } }],
    ['what cannot be read', { Statement: 'SELECT * FROM t JOIN victim ON a=b' }],
    ['a second one in another case', { Statement: 'SELECT * FROM t', statement: 'EXEC x' }],
  ])('may do anything, to any table: %s', async (_what, body) => {
    expect(await classified(dynamodb('ExecuteStatement', body))).toMatchObject(UNREADABLE)
  })

  it('hides no table behind a second member of another case', async () => {
    const body = { Statement: 'SELECT * FROM t', statement: 'DELETE FROM victim' }
    expect(await classified(dynamodb('ExecuteStatement', body))).toMatchObject({
      classes: ['read', 'data-delete'],
      resources: [`${TABLE}/t`, `${TABLE}/victim`],
    })
  })
})

describe('several PartiQL statements', () => {
  const both = [
    { Statement: 'SELECT * FROM "a" WHERE pk=1' },
    { Statement: `INSERT INTO "b" VALUE {'pk': 1}` },
    { Statement: 'DELETE FROM "a" WHERE pk=2' },
  ]

  it.each([
    ['BatchExecuteStatement', { Statements: both }],
    ['ExecuteTransaction', { TransactStatements: both }],
  ])('are counted, and need what each of them needs: %s', async (operation, body) => {
    expect(await classified(dynamodb(operation, body))).toMatchObject({
      count: 3,
      class: 'data-delete',
      classes: ['read', 'write', 'data-delete'],
      actions: ['Select', 'Insert', 'Delete'].map((each) => `dynamodb:PartiQL${each}`),
      resources: [`${TABLE}/a`, `${TABLE}/b`],
    })
  })

  it('may do anything if one of them cannot be read', async () => {
    const Statements = [...both, { Statement: 'SELECT * FROM a, victim' }]
    expect(await classified(dynamodb('BatchExecuteStatement', { Statements }))).toMatchObject({
      ...UNREADABLE,
      count: 4,
    })
  })

  it('do not hide one in a list where DynamoDB expects none', async () => {
    const Statements = [[{ Statement: 'DELETE FROM victim' }], ...both]
    const call = await classified(dynamodb('BatchExecuteStatement', { Statements }))
    expect(call.resources).toContain(`${TABLE}/victim`)
  })
})
