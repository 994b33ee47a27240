/** Checks the shape of Rego's answers; an answer of another shape is an error. */
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
  asks: texts.optional(),
})

/**
 * Parses the verdict about a call; throws if its shape is wrong. It is written by hand, because it runs for every call. A
 * bundle that never needs approvals may leave `approvals` out, unless the configuration requires some (`asks`). A bundle may
 * leave `asks` out always.
 */
export function verdictOf(results: unknown, asks: boolean): PolicyVerdict {
  const result = resultOf(results)
  const allow = property(result, 'allow')
  const rules = property(result, 'rules')
  const messages = property(result, 'messages')
  const approvals = property(result, 'approvals') ?? (asks ? undefined : 0)
  const asking = property(result, 'asks')
  if (
    !isApprovers(approvals) ||
    !(asking === undefined || isTexts(asking)) ||
    typeof allow !== 'boolean' ||
    !isTexts(rules) ||
    !isTexts(messages) ||
    rules.length === 0
  ) {
    throw new Error('the answer of the policy has an unknown shape')
  }
  return { allow, rules, messages, approvals: allow ? approvals : 0, asks: allow ? asking : undefined }
}

/** Parses the verdict about a task, as `verdictOf` does. */
export function taskVerdictOf(results: unknown, asks: boolean): TaskVerdict {
  const answer = TaskAnswer.safeParse(resultOf(results))
  const approvals = answer.data?.approvals ?? (asks ? undefined : 0)
  if (!answer.success || approvals === undefined)
    throw new Error('the answer of the policy about a task has an unknown shape')
  const { allow, asks: asking, ...rest } = answer.data
  return { ...rest, allow, approvals: allow ? approvals : 0, asks: allow ? asking : undefined }
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
