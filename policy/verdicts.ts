/** What Rego answered, checked for its shape: an answer in another one is no answer. */
import { z } from 'zod'
import type { PolicyVerdict } from './engine.ts'
import type { Approvers } from './types.ts'
import type { TaskVerdict } from './task.ts'

const texts = z.array(z.string())
const TaskAnswer = z.strictObject({
  allow: z.boolean(),
  grants: z.array(z.strictObject({ classes: texts.min(1), resources: texts.min(1) })),
  durationSeconds: z.number().int().min(0),
  rules: texts.min(1),
  messages: texts,
  approvals: z.union([z.literal(0), z.literal(1), z.literal(2)]).optional(),
})

/**
 * By hand: it is read for every call. A bundle that never asks for people may leave `approvals` out, unless the
 * configuration has it ask (`asks`).
 */
export function verdictOf(results: unknown, asks: boolean): PolicyVerdict {
  const result = resultOf(results)
  const allow = property(result, 'allow')
  const rules = property(result, 'rules')
  const messages = property(result, 'messages')
  const approvals = property(result, 'approvals') ?? (asks ? undefined : 0)
  if (
    !isApprovers(approvals) ||
    typeof allow !== 'boolean' ||
    !isTexts(rules) ||
    !isTexts(messages) ||
    rules.length === 0
  ) {
    throw new Error('the policy answered in an unknown shape')
  }
  return { allow, rules, messages, approvals: allow ? approvals : 0 }
}

/** As `verdictOf`. */
export function taskVerdictOf(results: unknown, asks: boolean): TaskVerdict {
  const answer = TaskAnswer.safeParse(resultOf(results))
  const approvals = answer.data?.approvals ?? (asks ? undefined : 0)
  if (!answer.success || approvals === undefined)
    throw new Error('the policy answered for a task in an unknown shape')
  return { ...answer.data, approvals: answer.data.allow ? approvals : 0 }
}

function resultOf(results: unknown): unknown {
  const first: unknown = Array.isArray(results) && results.length === 1 ? results[0] : undefined
  return property(first, 'result')
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function isApprovers(value: unknown): value is Approvers {
  return value === 0 || value === 1 || value === 2
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
