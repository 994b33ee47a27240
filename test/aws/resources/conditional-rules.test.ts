/** Every conditional rule of the catalogue, with a request that trips it and one that must not. */
import { describe, expect, it } from 'vitest'
import { everyOperation } from '../../../proxy/aws/catalogue/catalogue.ts'
import type { Operation, ConditionalRule } from '../../../proxy/aws/catalogue/types.ts'
import { catalogue, classified } from '../requests.ts'
import { requestWith, type Given } from '../sample-requests.ts'

const SETTINGS = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets']
const OTHERS: Readonly<Record<string, string>> = { true: 'false', false: 'true', '0': '5' }

/** A value that trips the predicate and one that does not. */
function pairFor(predicate: string): readonly [trips: Given, passes: Given] {
  const settings = (value: string) => Object.fromEntries(SETTINGS.map((each) => [each, value]))
  switch (predicate) {
    case 'exists':
      return ['something', undefined]
    case 'absent':
      return [undefined, 'something']
    case 'anyFalse':
      return [{ ...settings('true'), BlockPublicAcls: 'false' }, settings('true')]
    case 'creates':
      return ['attribute_not_exists(pk)', 'attribute_not_exists(pk) OR a = :b']
    case 'foreign':
      return ['arn:aws:kms:us-east-1:999999999999:key/k', 'arn:aws:kms:us-east-1:111122223333:key/k']
    case 'everybody':
      return ['0.0.0.0/0', '10.0.0.0/8']
    case 'empty':
      return ['', 'something']
    default:
  }
  const [, sign = '', rest = ''] = /^(=|!=|<>|<|~)(.*)$/.exec(predicate) ?? []
  const [value = ''] = rest.split('|')
  if (sign === '<') return [String(Number(rest) - 1), rest]
  const other = OTHERS[value] ?? 'something-else'
  return sign === '=' || sign === '~' ? [value, other] : [other, value]
}

interface Case {
  readonly operation: Operation
  readonly rule: ConditionalRule
}

/** The older names of operations that have two: their requests are taken for the newer. And what needs another host. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  's3.PutBucketLifecycle',
  's3.PutBucketNotification',
  's3.WriteGetObjectResponse',
  's3control.CreateBucket',
])

const cases: Case[] = everyOperation(catalogue)
  .filter(({ name, service, eventStream }) => !eventStream && !LEFT_OUT.has(`${service.model}.${name}`))
  .flatMap((operation) => operation.rules.map((rule) => ({ operation, rule })))

async function said({ operation, rule }: Case, value: Given): Promise<ReadonlySet<string>> {
  const call = await classified(requestWith(operation, rule.at, value))
  if (call.operation !== operation.name) throw new Error(`taken for ${call.operation}: ${call.reason}`)
  return new Set<string>([...call.classes, ...call.traits])
}

function holdsIn(adds: readonly string[], found: ReadonlySet<string>): boolean {
  return adds.every((each) => (each.startsWith('-') ? !found.has(each.slice(1)) : found.has(each)))
}

describe('conditional rules', () => {
  it('are all here', () => {
    console.info(
      `${cases.length} rules on ${new Set(cases.map(({ operation }) => operation)).size} operations`,
    )
    expect(cases.length).toBeGreaterThan(5000)
  })

  it.each(cases.map((each) => [nameOf(each), each] as const))('%s', async (_name, each) => {
    const { rule, operation } = each
    const [trips, passes] = pairFor(rule.predicate)
    expect(holdsIn(rule.adds, await said(each, trips))).toBe(true)
    // Another rule of the operation may say the same of the other value.
    const without = new Set<string>([...operation.classes, ...operation.traits])
    const elsewhere = operation.rules.some(
      (other) => other !== rule && holdsIn(rule.adds, new Set(other.adds)),
    )
    if (!holdsIn(rule.adds, without) && !elsewhere)
      expect(holdsIn(rule.adds, await said(each, passes))).toBe(false)
  })
})

function nameOf({ operation, rule }: Case): string {
  const { model } = operation.service
  return `${model}.${operation.name}: ${rule.at.from}:${rule.at.steps.join('.')} ${rule.predicate} -> ${rule.adds.join()}`
}
