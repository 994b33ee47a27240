/**
 * Lists the calls that make a new thing under the name that they give. Where the service answers the same for a thing that
 * was there before, as `sqs:CreateQueue` does, the call proves nothing: an agent could call another's thing its own. A call
 * that is not listed makes nothing that counts as scratch.
 */

export interface Creates {
  /** The start of the thing's name, after service and region: `table/`; empty where the name has no type. */
  readonly type: string
  /**
   * Undefined where the service refuses a name that is taken. Otherwise the one call that destroys nothing else, if the
   * thing was there before: the service refuses to delete a thing that holds something.
   */
  readonly emptyOnly?: string
}

/** The service refuses a name that is taken. */
const fresh = (type: string): Creates => ({ type })

/** By `service:Operation`. */
export const CREATES: ReadonlyMap<string, Creates> = new Map([
  ['athena:CreateWorkGroup', fresh('workgroup/')],
  ['backup:CreateBackupVault', fresh('backup-vault:')],
  ['cloudformation:CreateStack', fresh('stack/')],
  ['cloudtrail:CreateTrail', fresh('trail/')],
  ['codebuild:CreateProject', fresh('project/')],
  ['dynamodb:CreateTable', fresh('table/')],
  ['ecr:CreateRepository', fresh('repository/')],
  ['elasticache:CreateCacheCluster', fresh('cluster:')],
  ['firehose:CreateDeliveryStream', fresh('deliverystream/')],
  ['iam:CreateGroup', fresh('group/')],
  ['iam:CreateInstanceProfile', fresh('instance-profile/')],
  ['iam:CreatePolicy', fresh('policy/')],
  ['iam:CreateRole', fresh('role/')],
  ['iam:CreateUser', fresh('user/')],
  ['kinesis:CreateStream', fresh('stream/')],
  ['lambda:CreateFunction', fresh('function:')],
  ['logs:CreateLogGroup', fresh('log-group:')],
  ['rds:CreateDBCluster', fresh('cluster:')],
  ['rds:CreateDBInstance', fresh('db:')],
  ['rds:CreateDBSubnetGroup', fresh('subgrp:')],
  ['redshift:CreateCluster', fresh('cluster:')],
  ['secretsmanager:CreateSecret', fresh('secret:')],
  ['ssm:CreateDocument', fresh('document/')],
  // In us-east-1 it answers 200 for a bucket that one has.
  ['s3:CreateBucket', { type: '', emptyOnly: 'DeleteBucket' }],
  ['ecs:CreateCluster', { type: 'cluster/', emptyOnly: 'DeleteCluster' }],
])
