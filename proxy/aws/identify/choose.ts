/** Chooses among routes with the same path, by method, query and headers. */
import type { RequestHead } from '../../core/http/request-head.ts'
import type { QueryKeys } from '../protocols/query.ts'
import type { OperationRoute } from './trie.ts'

function holds(query: QueryKeys, [key, value]: readonly [string, string]): boolean {
  const values = query.get(key)
  return values?.length === 1 && (value === '' || values[0] === value)
}

/** Counts the route's own keys in the request; returns -1 if one is missing. */
function specificity({ literals, operation }: OperationRoute, head: RequestHead, query: QueryKeys): number {
  for (const each of literals) if (!holds(query, each)) return -1
  for (const each of operation.requiredQuery) if (!query.has(each)) return -1
  for (const each of operation.requiredHeaders) if (!head.headers.has(each)) return -1
  return literals.length * 100 + operation.requiredQuery.length + operation.requiredHeaders.length
}

/** Returns the routes that fit best: those with the most keys that the request has. */
export function chooseRoutes(
  routes: readonly OperationRoute[],
  head: RequestHead,
  query: QueryKeys,
): readonly OperationRoute[] {
  let best: OperationRoute[] = []
  let most = 0
  for (const route of routes) {
    if (route.method !== head.method) continue
    const score = specificity(route, head, query)
    if (score < 0 || score < most) continue
    if (score > most) best = []
    most = score
    best.push(route)
  }
  return best
}
