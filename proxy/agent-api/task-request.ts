/** Parses task requests: the JSON of the tasks endpoint, and the forms of STS. */
import { z } from 'zod'
import { parseJson, textOf } from '../aws/protocols/document.ts'
import { GRANTABLE } from '../core/action-class.ts'
import { unknownValue } from '../config/schema/values.ts'
import { Denial } from '../core/denial/denial.ts'
import type { TaskRequest } from '../exchange/task-opening.ts'
import { sessionPolicy } from './session-policy.ts'

/** The session names that AWS allows: upstream roles are assumed under the task's name. */
const TASK_ID = /^[\w+=,.@-]{2,64}$/
/** The names that SDKs generate: two tasks would share one name, and one cache of the AWS CLI. */
const GENERATED = /^(?:botocore-session-\d+|aws-sdk-js-session-\d+|aws-go-sdk-\d+|aws-sdk-java-\d+|\d{13,})$/
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/
const MIN_SECONDS = 60
const MAX_SECONDS = 12 * 60 * 60

/** Bounds the resources of all grants together: judging more would make all other agents wait. */
const MAX_RESOURCES = 100

const isWellFormed = (text: string) => text.isWellFormed()
const NOT_WELL_FORMED = 'must be well-formed Unicode'
const text = (maxLength: number) =>
  z.string().trim().min(1).max(maxLength).refine(isWellFormed, NOT_WELL_FORMED)
const unique = <Each>(given: readonly Each[]): Each[] => [...new Set(given)]
const classes = z
  .array(z.enum(GRANTABLE, { error: unknownValue(GRANTABLE) }))
  .min(1)
  .transform(unique)
const resources = z
  .array(z.string().min(1).max(2048).refine(isWellFormed, NOT_WELL_FORMED))
  .min(1)
  .transform(unique)
const taskId = z
  .string()
  .regex(TASK_ID, 'must be 2 to 64 letters, digits and +=,.@_-')
  .refine((id) => !GENERATED.test(id), 'is a name that an SDK generates: give the task a name of its own')

const TaskBody = z
  .strictObject({
    id: taskId.optional(),
    intent: text(256).optional(),
    justification: text(4096).optional(),
    ticket: text(128).optional(),
    grants: z.array(z.strictObject({ classes, resources })).min(1).max(50).optional(),
    classes: classes.optional(),
    resources: resources.optional(),
    durationSeconds: z.int().min(MIN_SECONDS).max(MAX_SECONDS).optional(),
    roleArn: z.string().regex(ROLE_ARN, 'must be the ARN of a role').optional(),
    traceId: z
      .string()
      .regex(/^[0-9a-f]{32}$/, 'must be a W3C trace id: 32 hexadecimal digits')
      .optional(),
    parent: taskId.optional(),
    sameUser: z.boolean().optional(),
  })
  .refine(
    ({ grants = [], resources = [] }) =>
      grants.reduce((sum, each) => sum + each.resources.length, resources.length) <= MAX_RESOURCES,
    { path: ['grants'], error: `may name at most ${MAX_RESOURCES} resources in all` },
  )
  .refine(({ classes, resources }) => (classes === undefined) === (resources === undefined), {
    path: ['resources'],
    error: 'give classes and resources together, or neither',
  })

/** Tells whether a text has the form of a task's name. */
export function isTaskId(text: string): boolean {
  return TASK_ID.test(text)
}

/**
 * Parses a task in JSON. `own` is the task whose credentials signed the request, if a task's did: its parent, which the
 * body may name. Denials: `malformed_request` says what is wrong; `policy_denied` for any other parent.
 */
export function parseTaskBody(bytes: Buffer, own: string | undefined): TaskRequest {
  const read = TaskBody.safeParse(bytes.length === 0 ? {} : parseJson(textOf(bytes)))
  if (!read.success) throw unreadable(problemsOf(read.error))
  const { classes, resources, grants = [], parent, ...given } = read.data
  if (parent !== undefined && parent !== own)
    throw new Denial(
      'policy_denied',
      'To open a task from a parent task, sign with the credentials of that parent.',
    )
  const flat = classes === undefined || resources === undefined ? [] : [{ classes, resources }]
  return { ...NOTHING_ASKED, ...given, grants: [...grants, ...flat] }
}

const StsTask = z.object({
  RoleArn: z.string().regex(ROLE_ARN, 'must be the ARN of a role'),
  RoleSessionName: taskId,
  DurationSeconds: z.coerce.number().int().min(900).max(MAX_SECONDS).optional(),
  Policy: z.string().min(1).max(2048).optional(),
})

/** Returns the task that AssumeRole or AssumeRoleWithWebIdentity asks for; RoleSessionName is its name. */
export function stsTask(parameters: Readonly<Record<string, string>>): TaskRequest {
  const read = StsTask.safeParse(parameters)
  if (!read.success) throw unreadable(problemsOf(read.error))
  const { RoleArn, RoleSessionName, DurationSeconds, Policy } = read.data
  return {
    ...namedTask(RoleSessionName),
    statements: Policy === undefined ? undefined : sessionPolicy(Policy),
    durationSeconds: DurationSeconds,
    roleArn: RoleArn,
  }
}

/** Returns a task request that has only a name, which is its intent too. Denial `malformed_request`. */
export function namedTask(name: string): TaskRequest {
  const read = taskId.safeParse(name)
  if (!read.success) throw unreadable(`task: ${read.error.issues[0]?.message ?? ''}.`)
  return { ...NOTHING_ASKED, id: name, intent: name, mayContinue: true }
}

/** A task request in which nothing is set. */
export const NOTHING_ASKED: TaskRequest = {
  id: undefined,
  intent: undefined,
  justification: undefined,
  ticket: undefined,
  grants: [],
  statements: undefined,
  durationSeconds: undefined,
  roleArn: undefined,
  traceId: undefined,
  sameUser: undefined,
  mayContinue: false,
}

function unreadable(problems: string): Denial {
  return new Denial('malformed_request', problems, { next: 'Correct that, and ask for the task again.' })
}

function problemsOf({ issues }: z.ZodError): string {
  return issues
    .map((issue) => {
      const path = issue.path.map(String).join('.')
      if (issue.code === 'unrecognized_keys') return `${issue.keys.join(', ')}: there is no such member.`
      return `${path === '' ? 'The body' : path}: ${issue.message}.`
    })
    .join(' ')
}
