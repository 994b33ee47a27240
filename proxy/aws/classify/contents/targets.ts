/** What ARNs of targets make happen: universal targets, built-in ones, integrations of Step Functions. */
import type { Document } from '../../protocols/tree.ts'
import { call, type Found, objectOf, type Reader, textIn, UNREADABLE } from './found.ts'
import { treeOf } from './text.ts'

/**
 * `arn:aws:scheduler:::aws-sdk:s3:deleteBucket`, `arn:aws:states:::aws-sdk:dynamodb:deleteTable.waitForTaskToken`,
 * `arn:aws:states:::ecs:runTask.sync`.
 */
const INTEGRATION = /^arn:aws[a-z-]*:(?:scheduler|states):::(?:aws-sdk:)?([\w-]+):(\w+)(?:[.:].*)?$/
/** EventBridge's own: `arn:aws:events:us-east-1:123456789012:target/terminate-instance`. */
const BUILT_IN = /^arn:aws[a-z-]*:events:[^:]*:[^:]*:target\/(\w+)-(instance|snapshot)$/
/** CloudWatch's, in two spellings: `arn:aws:automate:us-east-1:ec2:terminate`, `...:action/actions/AWS_EC2.InstanceId.Terminate/1.0`. */
const ALARM = /^arn:aws[a-z-]*:(?:automate:[^:]*:ec2:(\w+)|swf:.*AWS_EC2\.InstanceId\.(\w+)\/)/
/** An alarm's note for people to work on. */
const OPS_ITEM = /^arn:aws[a-z-]*:ssm:[^:]*:[^:]*:opsitem:/
const SERVICE = /^arn:aws[a-z-]*:([a-z0-9-]+):/

/** What EventBridge and CloudWatch do with a target of the service; what runs code there is `opaque` in the catalogue. */
const DELIVERIES: Readonly<Record<string, readonly [service: string, action: string]>> = {
  autoscaling: ['autoscaling', 'executePolicy'],
  batch: ['batch', 'submitJob'],
  codebuild: ['codebuild', 'startBuild'],
  codepipeline: ['codepipeline', 'startPipelineExecution'],
  ecs: ['ecs', 'runTask'],
  events: ['events', 'putEvents'],
  firehose: ['firehose', 'putRecord'],
  glue: ['glue', 'notifyEvent'],
  kinesis: ['kinesis', 'putRecord'],
  lambda: ['lambda', 'invoke'],
  logs: ['logs', 'putLogEvents'],
  sns: ['sns', 'publish'],
  sqs: ['sqs', 'sendMessage'],
  ssm: ['ssm', 'startAutomationExecution'],
  'ssm-incidents': ['ssm-incidents', 'startIncident'],
  states: ['stepfunctions', 'startExecution'],
}

/** What an ARN stands for; `parameters` are those of a universal target. */
export function targetOf(arn: string, parameters: Document): Found {
  const [, service = '', action = ''] = INTEGRATION.exec(arn) ?? []
  if (service !== '') return call(service, action, parameters)
  const [, verb = '', noun = ''] = BUILT_IN.exec(arn) ?? []
  if (verb !== '') return call('ec2', `${verb}-${noun}${noun === 'snapshot' ? '' : 's'}`)
  const alarm = ALARM.exec(arn)
  if (alarm !== null) return call('ec2', `${alarm[1] ?? alarm[2] ?? ''}-instances`)
  if (OPS_ITEM.test(arn)) return call('ssm', 'createOpsItem')
  const delivery = DELIVERIES[SERVICE.exec(arn)?.[1] ?? '']
  return delivery === undefined ? UNREADABLE : call(...delivery)
}

/** EventBridge Scheduler's target: its input is the parameters, as JSON. */
export const scheduleTarget: Reader = (value) => {
  const { Arn, Input } = objectOf(value)
  return [targetOf(textIn(Arn), treeOf(Input))]
}

/** A bare ARN: a rule's target, an alarm's action. */
export const arn: Reader = (value) => [targetOf(textIn(value), undefined)]

/** `aws:ec2:terminate-instances`, as Fault Injection Service names actions. */
export const fault: Reader = (value) => {
  const [, service, action] = /^aws:([\w-]+):([\w-]+)$/.exec(textIn(value)) ?? []
  return [service === undefined || action === undefined ? UNREADABLE : call(service, action)]
}

/** The ends of such ARNs: in a template their beginning may be a function, and their place a text in a text. */
const ENDS = /:(?:scheduler|states):::(?:aws-sdk:)?([\w-]+):(\w+)|:(ec2):(stop|terminate|reboot|recover)\b/g

/** Every integration, universal target and alarm action that a tree names, wherever it stands. */
export function integrationsIn(tree: Document): Found[] {
  const found = JSON.stringify(tree).matchAll(ENDS)
  return [...found].map(([, service, action, ec2, verb]) =>
    ec2 === undefined ? call(service ?? '', action ?? '') : call(ec2, `${verb ?? ''}-instances`),
  )
}
