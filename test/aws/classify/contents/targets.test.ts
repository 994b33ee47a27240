/** Rule S12: a call has the classes of what its documents contain, beside its own. */
import { describe, it } from 'vitest'
import type { Sample } from '../../requests.ts'
import { type Said, expectSaid, schedule, targets, alarm, fault, GRAVE } from './documents.ts'

describe('a schedule, a rule, an alarm, an experiment', () => {
  it.each<[string, Sample, readonly Said[]]>([
    [
      'a universal target',
      schedule('arn:aws:scheduler:::aws-sdk:s3:deleteBucket'),
      ['opaque', 'destructive'],
    ],
    [
      'its parameters',
      schedule('arn:aws:scheduler:::aws-sdk:rds:modifyDBInstance', '{"DeletionProtection":false}'),
      ['protection'],
    ],
    ['a target that nobody knows', schedule('arn:aws:scheduler:::aws-sdk:rds:undo'), ['unreadable']],
    [
      'a target that is built in',
      targets('arn:aws:events:us-east-1:111122223333:target/terminate-instance'),
      ['opaque', 'destructive'],
    ],
    [
      'the second of two targets',
      targets(
        'arn:aws:sqs:us-east-1:111122223333:q',
        'arn:aws:events:us-east-1:111122223333:target/stop-instance',
      ),
      ['disruptive'],
    ],
    ['an alarm that terminates', alarm(['arn:aws:automate:us-east-1:ec2:terminate']), ['destructive']],
    [
      'an alarm that stops, in the older spelling',
      alarm(['arn:aws:swf:us-east-1:111122223333:action/actions/AWS_EC2.InstanceId.Stop/1.0']),
      ['disruptive'],
    ],
    ['an alarm that runs code', alarm(['arn:aws:lambda:us-east-1:111122223333:function:f']), ['opaque']],
    ['a fault', fault('aws:ec2:terminate-instances'), ['destructive']],
    ['an alarm that tells nobody any more', alarm([]), ['protection']],
    ['a fault that nobody knows', fault('aws:network:disrupt-connectivity'), ['opaque', 'unreadable']],
  ])('with %s', async (_what, sample, yes) => {
    await expectSaid(sample, yes)
  })

  it.each<[string, Sample]>([
    ['a universal target that sends', schedule('arn:aws:scheduler:::aws-sdk:sqs:sendMessage')],
    ['a queue', targets('arn:aws:sqs:us-east-1:111122223333:q')],
    [
      'an alarm that tells',
      alarm(['arn:aws:sns:us-east-1:111122223333:t', 'arn:aws:ssm:us-east-1:111122223333:opsitem:4']),
    ],
  ])('with %s says no more', async (_what, sample) => {
    await expectSaid(sample, [], GRAVE)
  })
})
