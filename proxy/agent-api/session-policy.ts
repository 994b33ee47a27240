/** Session policies, as AssumeRole takes them: the part of IAM's language that can be held against a call here. */
import { z } from 'zod'
import type { Statement } from '../core/agent.ts'
import { parseJson } from '../aws/protocols/document.ts'
import { Denial } from '../core/denial/denial.ts'

const patterns = (pattern: RegExp, what: string) =>
  z
    .union([z.string(), z.array(z.string()).min(1)])
    .transform((given) => (typeof given === 'string' ? [given] : given))
    .pipe(z.array(z.string().regex(pattern, what)))

const PolicyDocument = z.strictObject({
  Version: z.literal('2012-10-17'),
  Id: z.string().optional(),
  Statement: z.union([z.unknown().array(), z.record(z.string(), z.unknown()).transform((one) => [one])]).pipe(
    z
      .array(
        z.strictObject({
          Sid: z.string().optional(),
          Effect: z.enum(['Allow', 'Deny']),
          Action: patterns(/^(?:\*|[a-z0-9-]+:[A-Za-z0-9*]+)$/, 'is no service:Action with * for any'),
          Resource: patterns(
            /^(?:\*|arn:[^?$]+)$/,
            'must be * or an ARN with * for any, without ? and variables',
          ),
        }),
      )
      .min(1)
      .max(50),
  ),
})

/**
 * The statements of a policy. What cannot be held against a call here (NotAction, NotResource, Condition, Principal,
 * `?`, policy variables) is refused in words: left out, it would grant more than was meant.
 */
export function sessionPolicy(text: string): Statement[] {
  const read = PolicyDocument.safeParse(parseJson(text))
  if (!read.success) {
    const words = read.error.issues
      .map(({ path, message }) => `${path.map(String).join('.')}: ${message}.`)
      .join(' ')
    throw new Denial(
      'malformed_request',
      `The session policy may have Effect, Action and Resource, with * for any characters: ${words}`,
    )
  }
  return read.data.Statement.map(({ Effect, Action, Resource }) => ({
    effect: Effect,
    // IAM takes them in any case.
    actions: Action.map((action) => action.toLowerCase()),
    resources: Resource,
  }))
}
