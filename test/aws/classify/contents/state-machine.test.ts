/** Rule S12: a call has the classes of what its documents contain, beside its own. */
import { describe, it } from 'vitest'
import type { Sample } from '../../requests.ts'
import { type Said, expectSaid, machine, task, GRAVE } from './documents.ts'

describe('a state machine', () => {
  it('of more tasks than anybody has is unreadable beyond them', async () => {
    const tasks = Array.from({ length: 2001 }, () => ({ Resource: 'arn:aws:states:::sqs:sendMessage' }))
    await expectSaid(machine({ tasks: tasks.slice(1) }), ['opaque'], ['unreadable'])
    await expectSaid(machine({ tasks }), ['opaque', 'unreadable'])
  })

  it.each<[string, Sample, readonly Said[]]>([
    [
      'the SDK integration',
      task('arn:aws:states:::aws-sdk:dynamodb:deleteTable'),
      ['destructive', 'irreversible', 'cascade'],
    ],
    [
      'a call that waits',
      task('arn:aws:states:::aws-sdk:rds:deleteDBInstance.waitForTaskToken'),
      ['destructive'],
    ],
    [
      'the name that SDKs have for a service',
      task('arn:aws:states:::aws-sdk:cloudwatchlogs:deleteLogGroup'),
      ['destructive'],
    ],
    ['items', task('arn:aws:states:::dynamodb:deleteItem', { TableName: 't' }), ['data-delete']],
    ['a policy', task('arn:aws:states:::aws-sdk:iam:putRolePolicy'), ['permissions']],
    ['a key', task('arn:aws:states:::aws-sdk:iam:createAccessKey'), ['credentials']],
    ['a secret', task('arn:aws:states:::aws-sdk:secretsmanager:getSecretValue'), ['reads-secret']],
    [
      'a parameter that weakens a guard',
      task('arn:aws:states:::aws-sdk:rds:modifyDBInstance', { DeletionProtection: false }),
      ['protection'],
    ],
    [
      'a parameter that is given later',
      task('arn:aws:states:::aws-sdk:rds:modifyDBInstance', { 'DeletionProtection.$': '$.p' }),
      ['protection'],
    ],
    [
      'an operation that nobody knows',
      task('arn:aws:states:::aws-sdk:dynamodb:undoEverything'),
      ['unreadable'],
    ],
    ['a service that nobody knows', task('arn:aws:states:::http:invoke'), ['unreadable']],
    [
      'a branch of a map of a branch',
      machine({
        States: {
          P: {
            Type: 'Parallel',
            Branches: [
              {
                States: {
                  M: {
                    Type: 'Map',
                    ItemProcessor: {
                      States: { T: { Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:s3:deleteBucket' } },
                    },
                  },
                },
              },
            ],
          },
        },
      }),
      ['destructive'],
    ],
    [
      'arguments in JSONata',
      machine({
        States: {
          T: {
            Type: 'Task',
            Resource: 'arn:aws:states:::aws-sdk:rds:modifyDBInstance',
            Arguments: { BackupRetentionPeriod: 0 },
          },
        },
      }),
      ['protection'],
    ],
    ['no definition at all', machine('{'), ['unreadable']],
  ])('with %s', async (_what, sample, yes) => {
    await expectSaid(sample, ['opaque', ...yes])
  })

  it.each<[string, Sample]>([
    ['a read', task('arn:aws:states:::aws-sdk:dynamodb:describeTable')],
    ['a message', task('arn:aws:states:::sqs:sendMessage')],
    [
      'a guard that is set',
      task('arn:aws:states:::aws-sdk:rds:modifyDBInstance', { DeletionProtection: true }),
    ],
    [
      'a name in what is only said',
      machine({ Comment: 'arn:aws:states:::aws-sdk:dynamodb:deleteTable', States: { P: { Type: 'Pass' } } }),
    ],
  ])('with %s says no more', async (_what, sample) => {
    await expectSaid(sample, ['opaque'], GRAVE)
  })
})
