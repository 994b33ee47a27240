/** Finds the calls behind ARNs of targets: universal targets, built-in ones, integrations of Step Functions. */
import type { Document } from '../../protocols/tree.ts'
import { call, type Found, objectOf, type Reader, repeated, textIn, UNREADABLE } from './found.ts'
import { ownedDocument } from './owned-documents.ts'
import { treeOf } from '../../protocols/text-document.ts'

/**
 * Matches `arn:aws:scheduler:::aws-sdk:s3:deleteBucket`,
 * `arn:aws:states:::aws-sdk:dynamodb:deleteTable.waitForTaskToken`, `arn:aws:states:::ecs:runTask.sync`.
 */
const INTEGRATION = /^arn:aws[a-z-]*:(?:scheduler|states):::(?:aws-sdk:)?([\w-]+):(\w+)(?:[.:].*)?$/
/** Matches EventBridge's own targets: `arn:aws:events:us-east-1:123456789012:target/terminate-instance`. */
const BUILT_IN = /^arn:aws[a-z-]*:events:[^:]*:[^:]*:target\/(\w+)-(instance|snapshot)$/
/** Matches both spellings of CloudWatch's actions: `arn:aws:automate:us-east-1:ec2:terminate`, `...:action/actions/AWS_EC2.InstanceId.Terminate/1.0`. */
const ALARM = /^arn:aws[a-z-]*:(?:automate:[^:]*:ec2:(\w+)|swf:.*AWS_EC2\.InstanceId\.(\w+)\/)/
/** Matches an OpsItem, which an alarm opens for people to work on. */
const OPS_ITEM = /^arn:aws[a-z-]*:ssm:[^:]*:[^:]*:opsitem:/
/** Matches a Systems Manager document: `arn:aws:ssm:us-east-1::automation-definition/AWS-StopEC2Instance:$DEFAULT`. */
const DOCUMENT = /^arn:aws[a-z-]*:ssm:[^:]*:[^:]*:(?:automation-definition|document)\/([^:]+)/
const SERVICE = /^arn:aws[a-z-]*:([a-z0-9-]+):/

/** Maps a service to what EventBridge and CloudWatch call there; an operation that runs code is `opaque` in the catalogue. */
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

/** Returns the calls that an ARN stands for; `parameters` are those of a universal target or a document. */
export function targetOf(arn: string, parameters: Document): readonly Found[] {
  const [, service = '', action = ''] = INTEGRATION.exec(arn) ?? []
  if (service !== '') return [call(service, action, parameters)]
  const [, verb = '', noun = ''] = BUILT_IN.exec(arn) ?? []
  if (verb !== '') return [call('ec2', `${verb}-${noun}${noun === 'snapshot' ? '' : 's'}`)]
  const alarm = ALARM.exec(arn)
  if (alarm !== null) return [call('ec2', `${alarm[1] ?? alarm[2] ?? ''}-instances`)]
  if (OPS_ITEM.test(arn)) return [call('ssm', 'createOpsItem')]
  const document = DOCUMENT.exec(arn)?.[1]
  const delivery = DELIVERIES[SERVICE.exec(arn)?.[1] ?? '']
  const delivered = delivery === undefined ? UNREADABLE : call(...delivery)
  return document === undefined ? [delivered] : [delivered, ...ownedDocument(document, parameters)]
}

/** Matches a schedule that runs once. Every other one repeats, also one that cannot be read. */
const ONCE = /^at\(/

/** Reads a schedule of EventBridge Scheduler: the target's input holds the parameters of its call as JSON. */
export const schedule: Reader = (value) => {
  const { ScheduleExpression, Target } = objectOf(value)
  const { Arn, Input } = objectOf(Target)
  const found = targetOf(textIn(Arn), inputOf(Input))
  return ONCE.test(textIn(ScheduleExpression).trim()) ? found : repeated(found)
}

/** Returns an input that is JSON text, or in a template an object. */
function inputOf(input: Document): Document {
  return typeof input === 'object' ? input : treeOf(input)
}

/** Reads a target of a rule, which fires on any number of events. */
export const ruleTarget: Reader = (value) => {
  const { Arn, Input } = objectOf(value)
  return repeated(targetOf(textIn(Arn), inputOf(Input)))
}

/** Reads a bare ARN: a pipe's target, an alarm's action. */
export const arn: Reader = (value) => targetOf(textIn(value), undefined)

/** Reads an action of Fault Injection Service: `aws:ec2:terminate-instances`. An experiment chooses its targets when it runs. */
export const fault: Reader = (value) => {
  const [, service, action] = /^aws:([\w-]+):([\w-]+)$/.exec(textIn(value)) ?? []
  return service === undefined || action === undefined ? [UNREADABLE] : repeated([call(service, action)])
}

/** Matches the ends of such ARNs: in a template they may start with a function, and stand in a text within a text. */
const ENDS = /:(?:scheduler|states):::(?:aws-sdk:)?([\w-]+):(\w+)|:(ec2):(stop|terminate|reboot|recover)\b/g

/** Returns every integration, universal target and alarm action that a tree names at any depth. */
export function integrationsIn(tree: Document): Found[] {
  const found = JSON.stringify(tree).matchAll(ENDS)
  return [...found].map(([, service, action, ec2, verb]) =>
    ec2 === undefined ? call(service ?? '', action ?? '') : call(ec2, `${verb ?? ''}-instances`),
  )
}
