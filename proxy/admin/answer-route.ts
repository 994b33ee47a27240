/** Carries out one request of a known caller to a route, and leaves a record of what it changes. */
import type { IncomingMessage } from 'node:http'
import type { Audit } from '../observe/audit.ts'
import type { AuditRecord } from '../observe/audit-record.ts'
import { redactText, redactValue } from '../observe/redact.ts'
import { readBody, readQuery } from './read-request.ts'
import { AdminError, type Caller, type Matched } from './route.ts'

export interface Asked {
  readonly request: IncomingMessage
  readonly path: string
  readonly search: string
  readonly caller: Caller
  readonly matched: Matched
}

/**
 * What the route answers. A write is durable in the audit log before the route carries it out, and refused if it
 * cannot be; one that fails leaves a second record that says why. Throws `AdminError`; anything else is a bug.
 */
export async function answerRoute(asked: Asked, audit: Pick<Audit, 'append' | 'commit'>): Promise<unknown> {
  const { request, search, caller, matched } = asked
  const { route, params } = matched
  if (route.method === 'GET') {
    checkPerson(asked)
    return route.handle({ caller, params, query: readQuery(search, route.query), body: undefined })
  }
  let body: unknown
  try {
    checkPerson(asked)
    const query = readQuery(search, route.query)
    body = await readBody(request, route.body)
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

function checkPerson({ caller, matched }: Asked): void {
  if (matched.route.needs !== 'person' || caller.kind === 'person') return
  throw new AdminError(
    403,
    'person_required',
    'Only a person may do this: send the token of your entry in admin.people, not the shared admin token.',
  )
}

async function recorded(audit: Pick<Audit, 'commit'>, record: AuditRecord): Promise<void> {
  try {
    await audit.commit(record)
  } catch {
    throw new AdminError(
      503,
      'audit_unavailable',
      'The audit log cannot be written, so nothing was changed; calls of agents that change anything are refused too.',
    )
  }
}

function recordOf({ request, path, caller, matched }: Asked, body: unknown): AuditRecord {
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
      address: request.socket.remoteAddress ?? 'unknown',
      userAgent: redactText(request.headers['user-agent'] ?? '', 256),
    },
  }
}
