/** Says what is wrong with a value, in words for the author of the configuration, not in those of the schema. Pure. */
import { z } from 'zod'
import { didYouMean } from '../core/did-you-mean.ts'
import type { Finding } from './checks/finding.ts'

/** The kinds of values that zod names, as people who write YAML call them. */
const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
}

/** Returns the words for what the schema itself does not say better; undefined leaves it to zod. */
export function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${KINDS[issue.expected] ?? issue.expected}`
    case 'unrecognized_keys':
      return noSetting(issue.inst)
    case 'invalid_value':
      return `${oneOf(issue.values)}${didYouMean(String(issue.input), issue.values.map(String))}`
    case 'invalid_union':
      return oneOf(valuesOf(issue.inst))
    case 'too_small':
      return `must ${bound(issue.origin, issue.minimum, issue.inclusive === false ? 'above' : 'at least')}`
    case 'too_big':
      return `must ${bound(issue.origin, issue.maximum, issue.inclusive === false ? 'below' : 'at most')}`
    default:
      return undefined
  }
}

function noSetting(schema: unknown): string {
  const names = namesIn(schema)
  return names.length === 0 ? 'is not a setting' : `is not a setting: give ${names.join(', ')}`
}

/** The members that a map may have; none where that is open. */
function namesIn(schema: unknown): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape)
  const named = schema instanceof z.ZodRecord ? schema.keyType : undefined
  return named instanceof z.ZodEnum ? named.options.map(String) : []
}

/** The values that one of several shapes may be, or that the member has by which they are told apart. */
function valuesOf(schema: unknown): readonly unknown[] {
  if (!(schema instanceof z.ZodUnion)) return []
  const name = schema instanceof z.ZodDiscriminatedUnion ? schema.def.discriminator : undefined
  return schema.options.flatMap((option) => {
    const member = name !== undefined && option instanceof z.ZodObject ? option.shape[name] : option
    return member instanceof z.ZodLiteral ? [...member.values] : []
  })
}

/** Quoted, as one word is one value. */
function oneOf(values: readonly unknown[]): string | undefined {
  const written = values.map((value) => JSON.stringify(value))
  if (written.length === 0) return undefined
  return `must be ${written.length === 1 ? '' : 'one of '}${written.join('|')}`
}

/** The unit in which texts and lists are counted. */
const UNITS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
}

function bound(origin: string, limit: number | bigint, how: string): string {
  const [one, many] = UNITS[origin] ?? []
  if (one === undefined) return `be ${how} ${limit}`
  return `have ${how} ${limit} ${Number(limit) === 1 ? one : many}`
}

/** Returns what the schema found as findings by path; each unknown name of a map is one of its own. */
export function schemaFindings(error: z.ZodError): Finding[] {
  return error.issues.flatMap((issue): Finding[] => {
    const path = issue.path.map(String).join('.')
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
    const known = issue.message.split(/[ ,]+/)
    return issue.keys.map((key) => ({
      path: path === '' ? key : `${path}.${key}`,
      message: `${issue.message}${didYouMean(key, known)}`,
    }))
  })
}
