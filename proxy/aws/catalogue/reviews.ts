/**
 * Tells from the models' member names which answers issue credentials, which calls pass a role, and which take something
 * that is run later. Every name that matches was judged by hand, in reviews.json. A match without a judgement stops the
 * generator, so that no refreshed model enters unreviewed.
 */
import { readFileSync } from 'node:fs'
import { lowered, membersOf, placesOf } from './members.ts'
import { type Shape, shapeOf, wireLocations } from './model.ts'
import { changes, type Reviewed } from './reviewed.ts'
import { readReviewsOf, type ReadReviews, type ReadsFile } from './reads.ts'
import { words } from './words.ts'

/** Maps a reason to names. */
type Reasoned = Readonly<Record<string, readonly string[]>>
/** Maps a reason to names that are separated by blanks. */
type ReasonedWords = Readonly<Record<string, string>>

interface File {
  readonly credentials: {
    readonly issuing: string
    readonly others: ReasonedWords
    readonly milder: Reasoned
  }
  readonly roles: { readonly models: Reasoned; readonly members: Reasoned; readonly operations: Reasoned }
  readonly indirect: { readonly running: string; readonly others: ReasonedWords; readonly milder: Reasoned }
  readonly reads: ReadsFile
}

interface Verdicts {
  /** Member names that make an operation match the verdicts. */
  readonly grave: ReadonlySet<string>
  readonly judged: ReadonlySet<string>
  /** Operations that do not match although they have such a member. */
  readonly milder: ReadonlySet<string>
}

/** Holds the content of reviews.json. */
export interface Reviews {
  readonly credentials: Verdicts
  readonly indirect: Verdicts
  /** Models, members and operations whose roles are not passed. */
  readonly roles: Readonly<Record<'models' | 'members' | 'operations', ReadonlySet<string>>>
  /** Members that name what a call reads when it runs. */
  readonly reads: ReadReviews
  /** Matches without a judgement: `service.Operation: member`. */
  readonly unjudged: Set<string>
}

function verdicts(grave: string, others: ReasonedWords, milder: Reasoned): Verdicts {
  const judged = [...words(grave), ...Object.values(others).flatMap(words)]
  return {
    grave: new Set(words(grave)),
    judged: new Set(judged),
    milder: new Set(Object.values(milder).flat()),
  }
}

/** Reads reviews.json. */
export function readReviews(): Reviews {
  const path = new URL('reviews.json', import.meta.url)
  const { credentials, roles, indirect, reads } = JSON.parse(readFileSync(path, 'utf8')) as File
  return {
    credentials: verdicts(credentials.issuing, credentials.others, credentials.milder),
    indirect: verdicts(indirect.running, indirect.others, indirect.milder),
    roles: {
      models: new Set(Object.values(roles.models).flat()),
      members: new Set(Object.values(roles.members).flat()),
      operations: new Set(Object.values(roles.operations).flat()),
    },
    reads: readReviewsOf(reads),
    unjudged: new Set(),
  }
}

/** Returns every operation that reviews.json names. */
export function reviewedOperations({ credentials, indirect, roles, reads }: Reviews): string[] {
  return [...credentials.milder, ...indirect.milder, ...roles.operations, ...reads.places.keys()]
}

const SECRET =
  /(token|secret|password|passcode|passphrase|private_?key|credential|api_?key|access_?key|presigned|signed_?url|key_?material|plaintext|(^|session|stream|login|download|upload|console|access|auth|pairing|verification|activation|registration|authorization)_?(url|code)$|^key$|keyvalue)/i
const ROLE = /role_?(arn|name)?s?$/i
const PROFILE = /instance_?profile(arn|name)?$/i
const RUN =
  /(definition|template|target|document|code|script|command|schedule|buildspec|payload|sql|query_?string|statement|userdata|zipfile|handler|entry_?point|policy_?document|workflow|recipe|notebook|jar|program|body)s?(arn|name|url|uri|text|body|string|location|content|config|configuration)?$/i
const TEXTS: ReadonlySet<string> = new Set(['string', 'blob', 'character'])
const HOLDERS: ReadonlySet<string> = new Set(['string', 'structure', 'list', 'blob', 'map'])

function isText(shape: Shape): boolean {
  return TEXTS.has(shape.type) && shape.enum === undefined
}

function judge({ grave, judged }: Verdicts, leaf: string, key: string, unjudged: Set<string>): boolean {
  if (!judged.has(leaf)) unjudged.add(`${key}: ${leaf}`)
  return grave.has(leaf)
}

/** Tells whether the answer issues a credential: a key, a token, a signed URL (rule S13). */
export function issuesCredentials(reviews: Reviews, { model, name, operation }: Reviewed): boolean {
  const key = `${name}.${operation}`
  let issues = false
  for (const { leaf, shape, sensitive } of membersOf(model, model.operations[operation]?.output)) {
    if (!isText(shape) || !(sensitive || SECRET.test(leaf))) continue
    if (judge(reviews.credentials, leaf, key, reviews.unjudged)) issues = true
  }
  return issues && !reviews.credentials.milder.has(key)
}

/** Returns the locations of roles and instance profiles that the service will act as: `iam:PassRole` (rule S12). */
export function passes({ roles }: Reviews, reviewed: Reviewed): { roles: string[]; profiles: string[] } {
  const { model, name, operation } = reviewed
  if (!changes(reviewed) || roles.models.has(name) || roles.operations.has(`${name}.${operation}`)) {
    return { roles: [], profiles: [] }
  }
  const wanted = (leaf: string) => (PROFILE.test(leaf) || ROLE.test(leaf)) && !roles.members.has(leaf)
  const paths = { roles: [] as string[], profiles: [] as string[] }
  for (const { leaf, path, shape } of placesOf(model, model.operations[operation]?.input, wanted)) {
    const kind = PROFILE.test(leaf) ? 'profiles' : 'roles'
    const item = shape.type === 'list' ? model.shapes[shape.member?.shape ?? ''] : shape
    const named = item?.type === 'string' && item.enum === undefined
    if (named || (kind === 'profiles' && item?.type === 'structure')) paths[kind].push(path)
  }
  return {
    roles: wireLocations(model, operation, paths.roles),
    profiles: wireLocations(model, operation, paths.profiles),
  }
}

/** Returns the locations of what is run later, by AWS or for it: code, a definition, a template, a target (rule S12). */
export function runsLater(reviews: Reviews, reviewed: Reviewed): string[] {
  const { model, name, operation } = reviewed
  if (!changes(reviewed)) return []
  const key = `${name}.${operation}`
  const input = shapeOf(model, model.operations[operation]?.input)
  const paths = Object.entries(input?.members ?? {}).flatMap(([member, ref]) => {
    const leaf = lowered(member)
    const shape = shapeOf(model, ref)
    if (shape === undefined || !RUN.test(leaf) || !HOLDERS.has(shape.type) || shape.enum !== undefined)
      return []
    return judge(reviews.indirect, leaf, key, reviews.unjudged) ? [member] : []
  })
  return reviews.indirect.milder.has(key) ? [] : wireLocations(model, operation, paths)
}
