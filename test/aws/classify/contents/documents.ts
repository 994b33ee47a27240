/** Calls with documents in them, and what must be said of each (rule S12). */
import { expect } from 'vitest'
import type { ActionClass, Trait } from '../../../../proxy/core/action-class.ts'
import { classified, form, json, rest, type Sample } from '../../requests.ts'

export type Said = ActionClass | Trait

export async function said(sample: Sample): Promise<Set<string>> {
  const { operation, reason, classes, traits } = await classified(sample)
  if (operation === null) throw new Error(`not classified: ${reason}`)
  return new Set([...classes, ...traits])
}

/** Every of `yes` is said of the sample, and none of `no`. */
export async function expectSaid(
  sample: Sample,
  yes: readonly Said[],
  no: readonly Said[] = [],
): Promise<void> {
  const found = await said(sample)
  expect([...found]).toEqual(expect.arrayContaining([...yes]))
  for (const each of no) expect([...found]).not.toContain(each)
}

export const stack = (text: string, operation = 'CreateStack', more = '') =>
  form(
    'cloudformation',
    `Action=${operation}&Version=2010-05-15&StackName=s&TemplateBody=${encodeURIComponent(text)}${more}`,
  )
export const resources = (of: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  stack(JSON.stringify({ Resources: of, ...more }))
export const machine = (definition: unknown) =>
  json(
    'AWSStepFunctions.CreateStateMachine',
    {
      name: 'm',
      roleArn: 'arn:aws:iam::111122223333:role/r',
      definition: typeof definition === 'string' ? definition : JSON.stringify(definition),
    },
    'states',
  )
export const task = (Resource: string, Parameters: unknown = {}) =>
  machine({ StartAt: 'T', States: { T: { Type: 'Task', Resource, Parameters, End: true } } })
export const schedule = (Arn: string, Input?: string) =>
  rest('scheduler', 'POST', '/schedules/s', {
    ScheduleExpression: 'rate(1 day)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Arn, RoleArn: 'arn:aws:iam::111122223333:role/r', Input },
  })
export const document = (Content: unknown) =>
  json(
    'AmazonSSM.CreateDocument',
    {
      Name: 'd',
      DocumentType: 'Automation',
      Content: typeof Content === 'string' ? Content : JSON.stringify(Content),
    },
    'ssm',
  )
export const step = (action: string, inputs: unknown = {}) =>
  document({ schemaVersion: '0.3', mainSteps: [{ name: 's', action, inputs }] })
export const targets = (...arns: string[]) =>
  json(
    'AWSEvents.PutTargets',
    { Rule: 'r', Targets: arns.map((Arn, Id) => ({ Id: `${Id}`, Arn })) },
    'events',
  )
export const alarm = (AlarmActions: readonly string[]) =>
  json('GraniteServiceVersion20100801.PutMetricAlarm', { AlarmName: 'a', AlarmActions }, 'monitoring')
export const fault = (actionId: string) =>
  rest('fis', 'POST', '/experimentTemplates', {
    actions: { a: { actionId } },
    roleArn: 'arn:aws:iam::111122223333:role/r',
  })

export const GRAVE: readonly Said[] = [
  'permissions',
  'protection',
  'credentials',
  'destructive',
  'unreadable',
]
