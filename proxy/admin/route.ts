/** Defines the routes of the admin API: one list of values from which serving, checking and OpenAPI are made. */
import { z } from 'zod'
import type { Caller } from '../operators/callers.ts'

export interface AdminRequest<Body = unknown, Query = unknown, Name extends string = string> {
  readonly caller: Caller
  /** Decoded; never empty. */
  readonly params: Readonly<Record<Name, string>>
  readonly query: Query
  readonly body: Body
}

/** Gives the names in braces of a path: `/v1/freeze/{id}` -> `id`. */
type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never

export interface AdminRoute<Path extends string = string, Body = unknown, Query = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `{name}` stands for one segment of the path. */
  readonly path: Path
  /** With `person`, the shared admin token is refused. With `signature`, there is no token: `signer` verifies the body. */
  readonly needs: 'token' | 'person' | 'signature'
  readonly summary: string
  /** The schema of the body; a route without one accepts no body, or `{}`. Use strict objects. */
  readonly body?: z.ZodType<Body>
  /** The schema of the query; all values are strings. A route without one accepts no query. */
  readonly query?: z.ZodType<Query>
  /** Returns who signed a body, from its text and its `x-moderato-signature`, for `needs: 'signature'`. Throws `AdminError`. */
  readonly signer?: (text: string, signature: string | undefined) => Caller
  /** The schema of the answer, for OpenAPI. */
  readonly answer?: z.ZodType
  /**
   * Throws `AdminError` for a write that may not be done. It is called before the write is recorded, so a refusal here
   * leaves one record, which says that it was refused.
   */
  check?(
    request: AdminRequest<Body, Query, string extends Path ? string : NamesIn<Path>>,
  ): void | Promise<void>
  /**
   * Returns the answer as JSON; undefined gives 204. Throws `AdminError` to refuse. A write is in the audit log before
   * this is called.
   */
  handle(request: AdminRequest<Body, Query, string extends Path ? string : NamesIn<Path>>): unknown
}

/** Returns a route, checked by the types of its path, body and query, for a list of routes. */
export function adminRoute<const Path extends string, Body, Query>(
  route: AdminRoute<Path, Body, Query>,
): AdminRoute {
  return route
}

/** An AdminError is a refusal of the admin API: `{ error, message }` with its status. The message says what to do. */
export class AdminError extends Error {
  override readonly name = 'AdminError'
  readonly status: number
  readonly error: string

  constructor(status: number, error: string, message: string) {
    super(message)
    this.status = status
    this.error = error
  }
}

export const ErrorAnswer = z.strictObject({
  error: z.string().describe('For programs: does not change.'),
  message: z.string().describe('For people: what is wrong, and what to do.'),
})

/** Finds the first route of a method for a path, with the values of its braces. */
export function matchRoute(
  routes: readonly AdminRoute[],
  path: string,
): { readonly methods: ReadonlySet<string>; find(method: string): Matched | undefined } {
  const matched = routes.flatMap((route): Matched[] => {
    const params = paramsOf(route.path, path)
    return params === undefined ? [] : [{ route, params }]
  })
  return {
    methods: new Set(
      matched.flatMap(({ route: { method } }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])),
    ),
    find: (method) => matched.find(({ route }) => route.method === (method === 'HEAD' ? 'GET' : method)),
  }
}

export interface Matched {
  readonly route: AdminRoute
  readonly params: Readonly<Record<string, string>>
}

function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  const [names, given] = [pattern.split('/'), path.split('/')]
  if (names.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, name] of names.entries()) {
    const segment = given[index] ?? ''
    if (!name.startsWith('{')) {
      if (name !== segment) return undefined
      continue
    }
    const value = decoded(segment)
    if (value === undefined || value === '') return undefined
    params[name.slice(1, -1)] = value
  }
  return params
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
