/** Gives what the catalogue knows of a service's IAM actions, as patterns for session policies. */
import { changesState } from '../core/action-class.ts'
import { operationsOf } from '../aws/catalogue/catalogue.ts'
import type { Catalogue, Operation } from '../aws/catalogue/types.ts'

/** Holds patterns of IAM actions, `s3:get*`, in lower case: IAM takes them in any. */
export interface ServiceActions {
  /** All that operations of class `credentials` need. */
  readonly credentials: readonly string[]
  /**
   * All that operations of no other class than `read` and `list` need, and nothing that is enough for an operation of
   * another class, but for what `credentials` has.
   */
  readonly reads: readonly string[]
  /** The same, with what reads secrets. */
  readonly secretReads: readonly string[]
}

/** Returns them by IAM prefix. Reading the catalogue through for it takes some 0.4 s, once. */
export function serviceActions(catalogue: Catalogue): (prefix: string) => ServiceActions {
  const models = new Map<string, string[]>()
  for (const model of catalogue.models) {
    const prefix = catalogue.service(model)?.prefix ?? ''
    models.set(prefix, [...(models.get(prefix) ?? []), model])
  }
  const known = new Map<string, ServiceActions>()
  return (prefix) => {
    const found = known.get(prefix)
    if (found !== undefined) return found
    const operations = (models.get(prefix) ?? []).flatMap((model) => {
      const service = catalogue.service(model)
      return service === undefined ? [] : operationsOf(service)
    })
    const actions = actionsOf(prefix, operations)
    // No agent names services: prefixes are those of the catalogue and of the configuration.
    known.set(prefix, actions)
    return actions
  }
}

function actionsOf(prefix: string, operations: readonly Operation[]): ServiceActions {
  // Where only the request tells, as of BatchWriteItem, there is no class.
  const isRead = ({ classes }: Operation) => classes.length > 0 && !changesState(classes)
  const isIssue = ({ classes }: Operation) => classes.includes('credentials')
  const isPlainRead = (each: Operation) => isRead(each) && !each.traits.includes('reads-secret')
  const others = operations.filter((each) => !isIssue(each))
  return {
    credentials: [...needed(operations.filter(isIssue))].map((each) => each.toLowerCase()).toSorted(),
    reads: patternsOf(prefix, others, isPlainRead),
    secretReads: patternsOf(prefix, others, isRead),
  }
}

function needed(operations: readonly Operation[]): Set<string> {
  return new Set(operations.flatMap(({ actions }) => actions))
}

function patternsOf(
  prefix: string,
  operations: readonly Operation[],
  isMeant: (operation: Operation) => boolean,
): string[] {
  const own = needed(operations.filter(isMeant))
  const others = operations.filter((each) => !isMeant(each))
  // An action that is enough for something else, too. CopyObject needs GetObject, but PutObject besides.
  for (const { actions } of others)
    if (actions.every((each) => own.has(each))) for (const each of actions) own.delete(each)
  const left = [...needed(others)].filter((each) => !own.has(each))
  const words = (names: Iterable<string>): string[][] =>
    [...names].filter((each) => each.startsWith(`${prefix}:`)).map((each) => each.split(/(?=[A-Z])/))
  return shortest(words(own), words(left), 1).map((each) => each.toLowerCase())
}

/**
 * Returns the fewest words, one after the prefix at least, that cover all of `own` and none of `others`, each with `*`.
 */
function shortest(own: readonly string[][], others: readonly string[][], depth: number): string[] {
  const groups = new Map<string, string[][]>()
  for (const name of own) {
    const start = name.slice(0, depth + 1).join('')
    groups.set(start, [...(groups.get(start) ?? []), name])
  }
  return [...groups].flatMap(([start, names]) => {
    // IAM ignores case: `ListUserPoolClients*` covers ListUserPoolClientSecrets too.
    const near = others.filter((each) => each.join('').toLowerCase().startsWith(start.toLowerCase()))
    if (near.length === 0) return [`${start}*`]
    const whole = names.filter(({ length }) => length <= depth + 1).map((each) => each.join(''))
    const longer = names.filter(({ length }) => length > depth + 1)
    return [...new Set(whole), ...shortest(longer, near, depth + 1)]
  })
}
