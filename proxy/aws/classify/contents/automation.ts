/** Reads Systems Manager documents: finds the API calls of an automation's steps. */
import type { Document, DocumentObject } from '../../protocols/tree.ts'
import { call, type Found, objectOf, type Reader, repeated, textIn, UNREADABLE } from './found.ts'
import { treeOf } from '../../protocols/text-document.ts'

/** Maps actions to their API operation (Systems Manager Automation actions reference). */
const ACTIONS: Readonly<Record<string, readonly [service: string, action: string]>> = {
  'aws:copyImage': ['ec2', 'CopyImage'],
  'aws:createImage': ['ec2', 'CreateImage'],
  'aws:createStack': ['cloudformation', 'CreateStack'],
  'aws:createTags': ['ec2', 'CreateTags'],
  'aws:deleteImage': ['ec2', 'DeregisterImage'],
  'aws:deleteStack': ['cloudformation', 'DeleteStack'],
  'aws:executeStateMachine': ['stepfunctions', 'StartExecution'],
  'aws:invokeLambdaFunction': ['lambda', 'Invoke'],
  'aws:runCommand': ['ssm', 'SendCommand'],
  'aws:runInstances': ['ec2', 'RunInstances'],
}

/** Matches actions that control an automation and change nothing. */
const STEERING = /^aws:(approve|assert\w*|branch|loop|pause|sleep|updateVariable|waitFor\w*)$/

/** Maps the desired state of `aws:changeInstanceState` to an EC2 operation. */
const STATES: Readonly<Record<string, string>> = {
  running: 'StartInstances',
  stopped: 'StopInstances',
  terminated: 'TerminateInstances',
}

function stepOf(action: string, inputs: Document): Found | undefined {
  const given = objectOf(inputs)
  const known = ACTIONS[action]
  if (known !== undefined) return call(...known, given)
  // If a parameter gives the state, it is the most severe one.
  if (action === 'aws:changeInstanceState')
    return call('ec2', STATES[textIn(given['DesiredState'])] ?? 'TerminateInstances', given)
  if (action === 'aws:executeAutomation')
    return call('ssm', 'StartAutomationExecution', { ...given, Parameters: given['RuntimeParameters'] })
  if (action === 'aws:executeAwsApi') return call(textIn(given['Service']), textIn(given['Api']), given)
  return STEERING.test(action) ? undefined : UNREADABLE
}

/** Matches a value that somebody gives later, when the document is run: `{{ InstanceIds }}`. */
const PARAMETER = /\{\{/

/** Finds the steps below a node, in branches too; those in a loop repeat. */
function stepsIn(node: Document, again: boolean, found: Found[]): void {
  if (typeof node !== 'object' || node === null) return
  if (Array.isArray(node)) {
    for (const each of node) stepsIn(each, again, found)
    return
  }
  const { action, inputs } = node as DocumentObject
  const step = typeof action === 'string' ? stepOf(action, inputs) : undefined
  const later = step !== undefined && PARAMETER.test(JSON.stringify(inputs ?? ''))
  if (step !== undefined) found.push(...(again || later ? repeated([step]) : [step]))
  for (const each of Object.values(node)) stepsIn(each, again || action === 'aws:loop', found)
}

/** Tells whether a step goes back to one before it. */
function goesBack(mainSteps: Document): boolean {
  const steps = Array.isArray(mainSteps) ? mainSteps.map(objectOf) : []
  const order = new Map(steps.map(({ name }, index) => [textIn(name), index]))
  return steps.some((step, index) =>
    [
      ...JSON.stringify(step).matchAll(
        /"(?:nextStep|NextStep|Default|onFailure|onCancel)":"(?:step:)?([^"]+)"/g,
      ),
    ].some(([, name = '']) => (order.get(name) ?? Infinity) <= index),
  )
}

/** Reads the steps of `mainSteps` and of the older `runtimeConfig`, in loops and branches too. */
export const automation: Reader = (value) => {
  const tree = typeof value === 'object' ? value : treeOf(value)
  if (typeof tree !== 'object' || tree === null) return [UNREADABLE]
  const { runtimeConfig, mainSteps } = objectOf(tree)
  const steps: Found[] = []
  stepsIn(tree, goesBack(mainSteps), steps)
  // In the oldest documents, plug-ins of the SSM agent act on the machine.
  return runtimeConfig === undefined ? steps : [...steps, UNREADABLE]
}
