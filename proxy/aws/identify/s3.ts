/** Implements S3's routing: path style, keys taken byte for byte, operations distinguished by query keys. */
import type { RequestHead } from '../../core/http/request-head.ts'
import type { Operation } from '../catalogue/types.ts'
import { chooseRoutes } from './choose.ts'
import { decode, type QueryKeys } from '../protocols/query.ts'
import type { OperationRoute } from './trie.ts'

type Levels = readonly [readonly OperationRoute[], readonly OperationRoute[], readonly OperationRoute[]]

export interface S3Match {
  readonly operations: readonly Operation[]
  readonly labels: ReadonlyMap<string, string>
}

/** SDKs add `x-id`; it never decides. */
const IGNORED = new Set(['x-id'])

/** Tells whether every query key belongs to the operation: an unknown sub-resource would be another operation. */
function knows({ literals, operation }: OperationRoute, query: QueryKeys): boolean {
  for (const [key, values] of query) {
    if (values.length > 1) return false
    if (IGNORED.has(key) || operation.knownQuery.includes(key)) continue
    if (!literals.some(([literal]) => literal === key)) return false
  }
  return true
}

function labelsOf(path: string): ReadonlyMap<string, string> | string {
  const slash = path.indexOf('/', 1)
  const bucket = decode(slash < 0 ? path.slice(1) : path.slice(1, slash))
  const key = slash < 0 ? '' : decode(path.slice(slash + 1))
  if (bucket === undefined || key === undefined) return 'the path is not valid UTF-8'
  const labels = new Map<string, string>()
  if (bucket === '') return key === '' && path === '/' ? labels : 'the bucket name is empty'
  labels.set('Bucket', bucket)
  if (key !== '') labels.set('Key', key)
  return labels
}

/** Returns the operations that the request may mean, or the reason why there are none. */
export function matchS3(
  levels: Levels,
  head: RequestHead,
  query: QueryKeys,
  scope: string,
): S3Match | string {
  const response = head.path === '/WriteGetObjectResponse' && scope === 's3-object-lambda'
  const labels = response ? new Map<string, string>() : labelsOf(head.path)
  if (typeof labels === 'string') return labels
  const atLevel = (levels[labels.size] ?? []).filter((each) => {
    return response === (each.operation.name === 'WriteGetObjectResponse')
  })
  const routes = chooseRoutes(atLevel, head, query)
  if (routes.length === 0) return 'no S3 operation has this method and path'
  const fitting = routes.filter((each) => knows(each, query))
  if (fitting.length === 0) return 'a query key that this S3 operation does not have'
  return { operations: fitting.map((each) => each.operation), labels }
}
