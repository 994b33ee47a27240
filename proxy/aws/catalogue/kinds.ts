/**
 * Reads how changing operations are judged: `kinds/*.json`, one file for each kind of grave change, and
 * `kinds/verbs.json`. A kind has a wide pattern for the names of members and one for the names of operations. Every name
 * that matches was judged by hand. A match without a judgement stops the generator (rule S24).
 */
import { readFileSync } from 'node:fs'
import type { JudgedOperation } from './neighbours.ts'
import { words } from './words.ts'

/** Maps a reason to names that are separated by blanks. */
type ReasonedWords = Readonly<Record<string, string>>

export interface MemberJudgement {
  readonly why: string
  /** Classes and traits that the member adds. */
  readonly adds: readonly string[]
  /** A predicate, or one that the model's values decide: `weak`, `on`, `listed` (those of the kind's `values`). */
  readonly if: string
  /** Only where something is changed, or only where it is made; both if absent. */
  readonly on?: 'changes' | 'creates'
  /** Types of shapes; any if absent. */
  readonly of?: string
  /** Only where `service.Operation: path` matches. */
  readonly within?: string
  /** Only where `service.Operation: path` does not match. */
  readonly outside?: string
  /** Names of members with a lower-case first letter, or the last two of a path: `parent.member`. */
  readonly names: string
}

interface OperationJudgement {
  readonly why: string
  readonly adds: readonly string[]
  /** `Operation`, or `service.Operation`, which goes before. */
  readonly names: string
}

interface KindFile {
  readonly what: string
  readonly members: {
    readonly pattern: string
    /** Values of an enum that make its member match too, whatever its name: `DELETE`, `STOPPED`. */
    readonly values?: string
    readonly judged: readonly MemberJudgement[]
    readonly mild: ReasonedWords
  }
  readonly operations: {
    readonly pattern: string
    readonly judged: readonly OperationJudgement[]
    readonly mild: ReasonedWords
  }
  /** Reason -> `service.Operation: path`, `service.Operation`, `service: member`, where `*` stands for any text. */
  readonly exceptions: Readonly<Record<string, readonly string[]>>
}

/** One rule with the names that it is about. */
export interface MemberRule extends Omit<MemberJudgement, 'within' | 'outside' | 'of'> {
  readonly types: ReadonlySet<string> | undefined
  readonly within: RegExp | undefined
  readonly outside: RegExp | undefined
}

export interface Verdict {
  readonly why: string
  readonly adds: readonly string[]
}

/** Holds how one kind of grave change is recognized. */
export interface Kind {
  readonly name: string
  readonly members: RegExp
  readonly values: RegExp | undefined
  readonly operations: RegExp
  readonly memberRules: ReadonlyMap<string, readonly MemberRule[]>
  readonly mildMembers: ReadonlyMap<string, string>
  readonly verdicts: ReadonlyMap<string, Verdict>
  readonly exceptions: readonly { readonly why: string; readonly text: string; readonly at: RegExp }[]
}

interface VerbFile {
  readonly creating: string
  readonly removing: string
  readonly skipped: Readonly<Record<string, readonly string[]>>
  readonly mild: ReasonedWords
}

export interface Kinds {
  readonly kinds: readonly Kind[]
  /** Matches the operations that make something new. */
  readonly creating: RegExp
  /** Matches the operations that remove something: what their members name is gone, and lets nobody in. */
  readonly removing: RegExp
  /** Parts of requests that hold data or a layout, where names mean nothing: `service.Operation: path`. */
  readonly skipped: readonly RegExp[]
  /** Verb -> why an operation with it is no more than `write`, if its name and members show nothing graver. */
  readonly verbs: ReadonlyMap<string, string>
  /** Exceptions that excepted nothing yet; what is left at the end is out of date. */
  readonly unused: Set<string>
  /** Names that match a kind and have no judgement there. */
  readonly unjudged: Set<string>
  /** `service.Operation` -> what was found, one line each. */
  readonly reasons: Map<string, string[]>
  /** What was found for each changing operation. */
  readonly judged: JudgedOperation[]
}

export const KIND_NAMES = ['access', 'guard', 'code', 'destroy', 'interrupt', 'purchase'] as const

function wordsOf(reasoned: ReasonedWords): Map<string, string> {
  return new Map(Object.entries(reasoned).flatMap(([why, text]) => words(text).map((each) => [each, why])))
}

/** Returns the pattern of `service.Operation: path`; a service alone stands for all its operations, `*` for any text. */
function wild(text: string): RegExp {
  const [at = '', path = '*'] = text.split(': ')
  const place = `${at.includes('.') ? at : `${at}.*`}: ${path}`
  return new RegExp(`^${place.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`)
}

function pattern(text: string | undefined): RegExp | undefined {
  return text === undefined ? undefined : new RegExp(text)
}

function ruleOf(judgement: MemberJudgement): MemberRule {
  const { of, within, outside, ...rest } = judgement
  return {
    ...rest,
    types: of === undefined ? undefined : new Set(words(of)),
    within: pattern(within),
    outside: pattern(outside),
  }
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`kinds/${name}.json`, import.meta.url), 'utf8'))
}

function readKind(name: string): Kind {
  const { members, operations, exceptions } = read(name) as KindFile
  const rules = new Map<string, MemberRule[]>()
  for (const judgement of members.judged) {
    const rule = ruleOf(judgement)
    for (const each of words(judgement.names)) rules.set(each, [...(rules.get(each) ?? []), rule])
  }
  const mild = [...wordsOf(operations.mild)].map(([each, why]) => [each, { why, adds: [] }] as const)
  const grave = operations.judged.flatMap(({ why, adds, names }) =>
    words(names).map((each) => [each, { why, adds }] as const),
  )
  return {
    name,
    members: new RegExp(members.pattern, 'i'),
    values: members.values === undefined ? undefined : new RegExp(members.values, 'i'),
    operations: new RegExp(operations.pattern),
    memberRules: rules,
    mildMembers: wordsOf(members.mild),
    verdicts: new Map([...mild, ...grave]),
    exceptions: Object.entries(exceptions).flatMap(([why, places]) =>
      places.map((each) => ({ why, text: `${name}: ${each}`, at: wild(each) })),
    ),
  }
}

/** Reads every kind. */
export function readKinds(): Kinds {
  const { creating, removing, skipped, mild } = read('verbs') as VerbFile
  const kinds = KIND_NAMES.map(readKind)
  return {
    kinds,
    unused: new Set(kinds.flatMap(({ exceptions }) => exceptions.map(({ text }) => text))),
    creating: new RegExp(creating),
    removing: new RegExp(removing),
    skipped: Object.values(skipped)
      .flat()
      .map((each) => wild(each)),
    verbs: wordsOf(mild),
    unjudged: new Set(),
    reasons: new Map(),
    judged: [],
  }
}

/** Returns every operation that the kinds name with its service. */
export function judgedOperations({ kinds }: Kinds): string[] {
  return kinds.flatMap(({ verdicts }) => [...verdicts.keys()].filter((each) => each.includes('.')))
}
