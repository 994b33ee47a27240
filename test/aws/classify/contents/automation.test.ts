/** Rule S12: a call has the classes of what its documents contain, beside its own. */
import { describe, it } from 'vitest'
import type { Sample } from '../../requests.ts'
import { type Said, expectSaid, document, step, GRAVE } from './documents.ts'

describe('a Systems Manager document', () => {
  it.each<[string, Sample, readonly Said[]]>([
    [
      'an API call',
      step('aws:executeAwsApi', { Service: 'rds', Api: 'DeleteDBInstance' }),
      ['destructive', 'irreversible'],
    ],
    [
      'its parameters',
      step('aws:executeAwsApi', { Service: 'rds', Api: 'ModifyDBInstance', DeletionProtection: false }),
      ['protection'],
    ],
    [
      'a state that is wanted',
      step('aws:changeInstanceState', { DesiredState: 'terminated' }),
      ['destructive'],
    ],
    [
      'a state that a parameter gives',
      step('aws:changeInstanceState', { DesiredState: '{{ state }}' }),
      ['destructive'],
    ],
    ['a stack that goes', step('aws:deleteStack'), ['destructive', 'cascade']],
    ['a script', step('aws:executeScript', { Runtime: 'python3.11' }), ['unreadable']],
    ['a shell script', step('aws:runShellScript', { runCommand: ['rm -rf /'] }), ['unreadable']],
    [
      'an API that a parameter gives',
      step('aws:executeAwsApi', { Service: '{{ s }}', Api: 'x' }),
      ['unreadable'],
    ],
    [
      'a loop',
      document({
        mainSteps: [
          {
            action: 'aws:loop',
            inputs: {
              Steps: [{ action: 'aws:executeAwsApi', inputs: { Service: 'ec2', Api: 'TerminateInstances' } }],
            },
          },
        ],
      }),
      ['destructive'],
    ],
    [
      'YAML',
      document(
        'schemaVersion: "0.3"\nmainSteps:\n- name: a\n  action: aws:executeAwsApi\n  inputs: {Service: iam, Api: CreateAccessKey}\n',
      ),
      ['credentials'],
    ],
    [
      'what the oldest documents run',
      document({ schemaVersion: '1.2', runtimeConfig: { 'aws:runShellScript': {} } }),
      ['unreadable'],
    ],
    ['no document', document('a: [b'), ['unreadable']],
  ])('with %s', async (_what, sample, yes) => {
    await expectSaid(sample, ['opaque', ...yes])
  })

  it.each<[string, Sample]>([
    ['a read', step('aws:executeAwsApi', { Service: 'rds', Api: 'DescribeDBInstances' })],
    ['a wait', step('aws:sleep', { Duration: 'PT1M' })],
    ['a start', step('aws:changeInstanceState', { DesiredState: 'running' })],
    [
      'a name in what is only said',
      document({ description: 'aws:deleteStack', mainSteps: [{ action: 'aws:pause', inputs: {} }] }),
    ],
  ])('with %s says no more', async (_what, sample) => {
    await expectSaid(sample, ['opaque'], GRAVE)
  })
})
