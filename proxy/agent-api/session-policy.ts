/** Parses session policies of AssumeRole: the part of IAM's policy language that Moderato can evaluate. */
import { z } from 'zod'
import type { Statement } from '../core/agent.ts'
import { parseJson } from '../aws/protocols/document.ts'
import { Denial } from '../core/denial/denial.ts'

const patterns = (pattern: RegExp, message: string) =>
  z
    .union([z.string(), z.array(z.string()).min(1)])
    .transform((given) => (typeof given === 'string' ? [given] : given))
    .pipe(z.array(z.string().regex(pattern, message)))

const PolicyDocument = z.strictObject({
  Version: z.literal('2012-10-17'),
  Id: z.string().optional(),
  Statement: z.union([z.unknown().array(), z.record(z.string(), z.unknown()).transform((one) => [one])]).pipe(
    z
      .array(
        z.strictObject({
          Sid: z.string().optional(),
          Effect: z.enum(['Allow', 'Deny']),
          Action: patterns(
            /^(?:\*|[a-z0-9-]+:[A-Za-z0-9*]+)$/,
            'must be service:Action, with * for any characters',
          ),
          Resource: patterns(
            /^(?:\*|arn:(?:[^?$]|\$\{[*?$]\})+)$/,
            'must be * or an ARN, with * for any characters, without ? and variables but ${*}, ${?} and ${$}',
          ),
        }),
      )
      .min(1)
      .max(50),
  ),
})

/**
 * Returns the statements of a policy. Refuses elements that Moderato cannot evaluate (NotAction, NotResource, Condition,
 * Principal, `?`, policy variables): ignored, they would grant more than was meant. Denial `malformed_request`.
 */
export function sessionPolicy(text: string): Statement[] {
  const read = PolicyDocument.safeParse(parseJson(text))
  if (!read.success) {
    const problems = read.error.issues
      .map(({ path, message }) => `${path.map(String).join('.')}: ${message}.`)
      .join(' ')
    throw new Denial(
      'malformed_request',
      `The session policy may have Effect, Action and Resource, with * for any characters: ${problems}`,
    )
  }
  return read.data.Statement.map(({ Effect, Action, Resource }) => ({
    effect: Effect,
    // IAM ignores the case of actions.
    actions: Action.map((action) => action.toLowerCase()),
    resources: Resource,
  }))
}
