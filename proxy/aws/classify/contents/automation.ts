/** Reads Systems Manager documents: finds the API calls of an automation's steps. */
import type { Document, DocumentObject } from '../../protocols/tree.ts'
import { call, type Found, objectOf, objectsIn, type Reader, textIn, UNREADABLE } from './found.ts'
import { treeOf } from './text.ts'

/** Maps actions to their API operation (Systems Manager Automation actions reference). */
const ACTIONS: Readonly<Record<string, readonly [service: string, action: string]>> = {
  'aws:copyImage': ['ec2', 'CopyImage'],
  'aws:createImage': ['ec2', 'CreateImage'],
  'aws:createStack': ['cloudformation', 'CreateStack'],
  'aws:createTags': ['ec2', 'CreateTags'],
  'aws:deleteImage': ['ec2', 'DeregisterImage'],
  'aws:deleteStack': ['cloudformation', 'DeleteStack'],
  'aws:executeAutomation': ['ssm', 'StartAutomationExecution'],
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

/** Takes the most severe state if a parameter gives it. */
function stateChange({ DesiredState }: DocumentObject): Found {
  return call('ec2', STATES[textIn(DesiredState)] ?? 'TerminateInstances')
}

function stepOf(action: string, inputs: Document): Found | undefined {
  const given = objectOf(inputs)
  const known = ACTIONS[action]
  if (known !== undefined) return call(...known, given)
  if (action === 'aws:changeInstanceState') return stateChange(given)
  if (action === 'aws:executeAwsApi') return call(textIn(given['Service']), textIn(given['Api']), given)
  return STEERING.test(action) ? undefined : UNREADABLE
}

/** Reads the steps of `mainSteps` and of the older `runtimeConfig`, in loops and branches too. */
export const automation: Reader = (value) => {
  const tree = treeOf(value)
  if (tree === undefined) return [UNREADABLE]
  const { runtimeConfig } = objectOf(tree)
  const steps = objectsIn(tree).flatMap(({ action, inputs }): Found[] => {
    const found = typeof action === 'string' ? stepOf(action, inputs) : undefined
    return found === undefined ? [] : [found]
  })
  // In the oldest documents, plug-ins of the SSM agent act on the machine.
  return runtimeConfig === undefined ? steps : [...steps, UNREADABLE]
}
