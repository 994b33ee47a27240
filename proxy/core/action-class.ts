/** Lists the action classes from the mildest to the most severe. A call is labelled with the most severe that applies. */
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
/** Lists what a grant can name: each class, and the one trait that no class covers (rule S13). */
export const GRANTABLE = [...ACTION_CLASSES, 'reads-secret'] as const

export type ActionClass = (typeof ACTION_CLASSES)[number]

/** Lists the traits: facts about a call beside its classes. */
export const TRAITS = [
  'irreversible',
  'unbounded',
  'cascade',
  'may-overwrite',
  'reads-secret',
  'unreadable',
  'unmodelled',
  'inferred',
  'purchase',
] as const
export type Trait = (typeof TRAITS)[number]

export type AccessLevel = 'Read' | 'List' | 'Write' | 'Tagging' | 'Permissions management' | 'Unknown'

/** Returns the classes and the traits among the names given, each in the contract's order. */
export function natureOf(said: ReadonlySet<string>): {
  readonly classes: readonly ActionClass[]
  readonly traits: readonly Trait[]
} {
  return {
    classes: ACTION_CLASSES.filter((each) => said.has(each)),
    traits: TRAITS.filter((each) => said.has(each)),
  }
}

/** Returns the most severe of several classes. */
export function severest(classes: readonly ActionClass[]): ActionClass {
  let index = 0
  for (const each of classes) index = Math.max(index, ACTION_CLASSES.indexOf(each))
  return ACTION_CLASSES[index] as ActionClass
}

/** Tells whether a call may change something: every class but `read` and `list` does. */
export function changesState(classes: readonly ActionClass[]): boolean {
  return !classes.every((each) => each === 'read' || each === 'list')
}
