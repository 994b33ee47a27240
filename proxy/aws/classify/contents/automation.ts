/** Reads Systems Manager documents: what the steps of an automation call. */
import type { Document, DocumentObject } from '../../protocols/tree.ts'
import { call, type Found, objectOf, objectsIn, type Reader, textIn, UNREADABLE } from './found.ts'
import { treeOf } from './text.ts'

/** Actions with an API operation of their own (Systems Manager Automation actions reference). */
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

/** What steers an automation and changes nothing. */
const STEERING = /^aws:(approve|assert\w*|branch|loop|pause|sleep|updateVariable|waitFor\w*)$/

/** `aws:changeInstanceState` and the state that is wanted. */
const STATES: Readonly<Record<string, string>> = {
  running: 'StartInstances',
  stopped: 'StopInstances',
  terminated: 'TerminateInstances',
}

/** A state that a parameter gives may be the gravest. */
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

/** Steps of `mainSteps` and of the older `runtimeConfig`, wherever loops and branches put them. */
export const automation: Reader = (value) => {
  const tree = treeOf(value)
  if (tree === undefined) return [UNREADABLE]
  const { runtimeConfig } = objectOf(tree)
  const steps = objectsIn(tree).flatMap(({ action, inputs }): Found[] => {
    const found = typeof action === 'string' ? stepOf(action, inputs) : undefined
    return found === undefined ? [] : [found]
  })
  // What the oldest documents do, plug-ins of the agent do on the machine.
  return runtimeConfig === undefined ? steps : [...steps, UNREADABLE]
}
