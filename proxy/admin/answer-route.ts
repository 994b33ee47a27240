/** Handles one request of a known caller to a route, and records what it changes. */
import type { IncomingMessage } from 'node:http'
import type { Audit } from '../audit/audit.ts'
import type { AuditRecord } from '../audit/record.ts'
import { redactText, redactValue } from '../observe/redact.ts'
import { bodyText, readBody, readQuery } from './read-request.ts'
import { AdminError, type Matched } from './route.ts'
import type { Caller } from '../operators/callers.ts'

export interface RoutedRequest {
  readonly request: IncomingMessage
  readonly path: string
  readonly search: string
  /** The caller; undefined only if the body proves who it is. */
  readonly caller: Caller | undefined
  readonly matched: Matched
}

/**
 * Returns the answer of the route. A write is durable in the audit log before the route does it; if it cannot be, the
 * write is refused. A write that fails leaves a second record that says why. Throws `AdminError`; anything else is a bug.
 */
export async function answerRoute(
  request: RoutedRequest,
  audit: Pick<Audit, 'append' | 'commit'>,
): Promise<unknown> {
  const { route, params } = request.matched
  const { search } = request
  // An unknown caller leaves no record: there would be no end to them.
  const text = route.method === 'GET' ? '' : await bodyText(request.request)
  const caller = callerOf(request, text)
  const asked = { ...request, caller }
  if (route.method === 'GET') {
    checkPerson(asked)
    return route.handle({ caller, params, query: readQuery(search, route.query), body: undefined })
  }
  let body: unknown
  try {
    checkPerson(asked)
    const query = readQuery(search, route.query)
    body = readBody(text, route.body)
    await recorded(audit, { ...recordOf(asked, body), decision: 'allow' })
    return await route.handle({ caller, params, query, body })
  } catch (error) {
    const known = error instanceof AdminError ? error : undefined
    audit.append({
      ...recordOf(asked, body),
      decision: known === undefined || known.status >= 500 ? 'error' : 'deny',
      reason: known?.error ?? 'internal',
      detail: known === undefined ? undefined : redactText(known.message),
    })
    throw error
  }
}

function callerOf({ request, caller, matched }: RoutedRequest, text: string): Caller {
  const { needs, signer } = matched.route
  const signature = request.headersDistinct['x-moderato-signature'] ?? []
  const known = needs === 'signature' ? signer?.(text, signature.join()) : caller
  if (known === undefined) throw new Error(`no caller for ${matched.route.path}`)
  return known
}

type Known = RoutedRequest & { readonly caller: Caller }

function checkPerson({ caller, matched }: Known): void {
  if (matched.route.needs !== 'person' || caller.kind === 'person') return
  throw new AdminError(
    403,
    'person_required',
    'Only a person can do this: send the token of your entry in admin.people, not the shared admin token.',
  )
}

async function recorded(audit: Pick<Audit, 'commit'>, record: AuditRecord): Promise<void> {
  try {
    await audit.commit(record)
  } catch {
    throw new AdminError(
      503,
      'audit_unavailable',
      'Nothing was changed, because the audit log cannot be written. Calls of agents that change something are refused too.',
    )
  }
}

function recordOf({ request, path, caller, matched }: Known, body: unknown): AuditRecord {
  const { kind, subject } = caller
  return {
    phase: 'admin',
    admin: {
      subject,
      by: kind === 'person' ? caller.by : 'shared',
      does: `${matched.route.method} ${path}`,
      ...(body === undefined ? {} : { body: redactValue(body) }),
    },
    client: {
      address: addressOf(request.socket),
      userAgent: redactText(request.headers['user-agent'] ?? '', 256),
    },
  }
}

/** A local socket has no addresses, and neither has a connection that was cut. */
function addressOf({ remoteAddress, destroyed }: IncomingMessage['socket']): string {
  return remoteAddress ?? (destroyed ? 'unknown' : 'local socket')
}
