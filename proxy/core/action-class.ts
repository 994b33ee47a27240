/** Action classes from the mildest to the gravest; the gravest that applies is a call's label. */
export const ACTION_CLASSES = [
  'read',
  'list',
  'write',
  'tagging',
  'data-delete',
  'disruptive',
  'destructive',
  'opaque',
  'permissions',
  'protection',
  'credentials',
  'unknown',
] as const
/** What a grant names: a class, or the one trait that no class covers (rule S13). */
export const GRANTABLE = [...ACTION_CLASSES, 'reads-secret'] as const

export type ActionClass = (typeof ACTION_CLASSES)[number]

/** Facts beside the classes. */
export const TRAITS = [
  'irreversible',
  'unbounded',
  'cascade',
  'may-overwrite',
  'reads-secret',
  'unreadable',
  'unmodelled',
  'inferred',
] as const
export type Trait = (typeof TRAITS)[number]

export type AccessLevel = 'Read' | 'List' | 'Write' | 'Tagging' | 'Permissions management' | 'Unknown'

/** The classes and the traits among what is said of a call, each in the contract's order. */
export function natureOf(said: ReadonlySet<string>): {
  readonly classes: readonly ActionClass[]
  readonly traits: readonly Trait[]
} {
  return {
    classes: ACTION_CLASSES.filter((each) => said.has(each)),
    traits: TRAITS.filter((each) => said.has(each)),
  }
}

/** The gravest of several classes. */
export function severest(classes: readonly ActionClass[]): ActionClass {
  let index = 0
  for (const each of classes) index = Math.max(index, ACTION_CLASSES.indexOf(each))
  return ACTION_CLASSES[index] as ActionClass
}

/** Whether a call may change something: every class but `read` and `list` does. */
export function changesState(classes: readonly ActionClass[]): boolean {
  return !classes.every((each) => each === 'read' || each === 'list')
}
