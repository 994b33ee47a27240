/** Reads calls that run a Systems Manager document by its name: executions, associations, windows, remediations. */
import type { Document, DocumentObject } from '../../protocols/tree.ts'
import { type Found, objectOf, type Reader, repeated, textIn } from './found.ts'
import { documentName, ownedDocument } from './owned-documents.ts'

/** Tells whether targets are chosen by tag, group or rate, so that nobody here can count them. */
function isChosen({ Targets, TargetLocations, TargetLocationsURL }: DocumentObject): boolean {
  return Targets !== undefined || TargetLocations !== undefined || TargetLocationsURL !== undefined
}

/** Returns the effects on as many things as there are maps of parameters. */
function mapped(found: readonly Found[], { TargetMaps }: DocumentObject): readonly Found[] {
  const times = Array.isArray(TargetMaps) ? TargetMaps.length : 1
  return found.map((each) =>
    each.kind === 'effect' ? { ...each, count: Math.max(each.count, times) } : each,
  )
}

/** Reads an execution: `DocumentName`, `Parameters` and targets. */
export const automationRun: Reader = (value) => {
  const given = objectOf(value)
  const found = mapped(ownedDocument(textIn(given['DocumentName']), given['Parameters']), given)
  return isChosen(given) ? repeated(found) : found
}

/** Reads an association, which runs its document again on a schedule and on each new target. */
export const associations: Reader = (value) => {
  const given = objectOf(value)
  const found = mapped(ownedDocument(textIn(given['Name']), given['Parameters']), given)
  return isChosen(given) || given['ScheduleExpression'] !== undefined ? repeated(found) : found
}

/** Reads a task of a maintenance window, which opens again and again. */
export const maintenanceTask: Reader = (value) => {
  const { TaskArn, TaskInvocationParameters } = objectOf(value)
  const { Parameters } = objectOf(objectOf(TaskInvocationParameters)['Automation'])
  return repeated(ownedDocument(textIn(TaskArn), Parameters))
}

/** Returns the values of a remediation's parameter: `{ "StaticValue": { "Values": [...] } }`, `Value` in a template. */
function staticValues(value: Document): Document {
  const { Values, Value } = objectOf(objectOf(value)['StaticValue'])
  return Values ?? Value
}

/** Reads a remediation of a Config rule, which runs for each resource that breaks the rule. */
export const remediation: Reader = (value) => {
  const { TargetId, Parameters } = objectOf(value)
  const given = Object.entries(objectOf(Parameters)).map(([key, each]) => [key, staticValues(each)] as const)
  return repeated(ownedDocument(documentName(textIn(TargetId)), Object.fromEntries(given)))
}
