/** Compares two catalogues for a person to review: new and removed operations, other classes and actions. */
import { everyOperation } from './catalogue.ts'
import type { Catalogue, Locator, Operation } from './types.ts'

/** Describes one operation that differs. */
export interface Difference {
  readonly kind: 'added' | 'removed' | 'changed'
  /** `model.Operation`. */
  readonly operation: string
  /** Facts about it; for `changed` only those that differ, as `before -> after`. */
  readonly facts: Readonly<Record<string, string>>
}

function spelled({ from, steps }: Locator): string {
  return `${from}:${steps.join('.')}`
}

/** Returns what a reviewer wants to know about an operation, each in one line. */
function factsOf(operation: Operation): Readonly<Record<string, string>> {
  const { http, actions, level, classes, traits, rules, counts, resources, passes } = operation
  return {
    http,
    actions: actions.join(' '),
    level,
    classes: classes.join(' '),
    traits: traits.join(' '),
    rules: rules.map(({ at, predicate, adds }) => `${spelled(at)} ${predicate} ${adds.join('+')}`).join('; '),
    counts: counts.map((product) => product.map(spelled).join(' * ')).join('; '),
    resources: resources.map(({ template, kind }) => template ?? kind).join(' '),
    passes: [...passes.roles, ...passes.profiles].map(spelled).join(' '),
  }
}

function byName(catalogue: Catalogue): Map<string, Operation> {
  return new Map(everyOperation(catalogue).map((each) => [`${each.service.model}.${each.name}`, each]))
}

function changed(before: Operation, after: Operation): Record<string, string> {
  const old = factsOf(before)
  const entries = Object.entries(factsOf(after)).filter(([name, value]) => old[name] !== value)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, `${old[name] || 'none'} -> ${value || 'none'}`]),
  )
}

function said(operation: Operation): Record<string, string> {
  return Object.fromEntries(Object.entries(factsOf(operation)).filter(([, value]) => value !== ''))
}

/** Returns every operation that is new, removed or changed, sorted by name. */
export function differences(before: Catalogue, after: Catalogue): Difference[] {
  const old = byName(before)
  const now = byName(after)
  const names = [...new Set([...old.keys(), ...now.keys()])].sort()
  return names.flatMap((operation): Difference[] => {
    const was = old.get(operation)
    const is = now.get(operation)
    if (was === undefined && is !== undefined) return [{ kind: 'added', operation, facts: said(is) }]
    if (was !== undefined && is === undefined) return [{ kind: 'removed', operation, facts: said(was) }]
    const facts = was === undefined || is === undefined ? {} : changed(was, is)
    return Object.keys(facts).length === 0 ? [] : [{ kind: 'changed', operation, facts }]
  })
}

const MARKS = { added: '+', removed: '-', changed: '~' } as const

/** Prints one line for each operation, and below it one for each fact. */
export function printed(found: readonly Difference[]): string {
  return found
    .map(({ kind, operation, facts }) => {
      const lines = Object.entries(facts).map(([name, value]) => `    ${name}: ${value}`)
      return [`${MARKS[kind]} ${operation}`, ...lines, ''].join('\n')
    })
    .join('')
}
