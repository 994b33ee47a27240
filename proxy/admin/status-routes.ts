/** Serves the policy in force and the head of the audit log. */
import { z } from 'zod'
import type { Audit } from '../audit/audit.ts'
import type { LiveSettings } from '../runtime/live-settings.ts'
import { adminRoute, type AdminRoute } from './route.ts'

const PolicyAnswer = z.strictObject({
  engine: z.string(),
  revision: z.string(),
  mode: z.enum(['enforce', 'observe']),
})

const AuditAnswer = z.strictObject({
  head: z.strictObject({ seq: z.int(), hash: z.string() }).describe('The last durable record.'),
  available: z.boolean().describe('False while the log cannot be written.'),
})

export interface StatusRoutesDeps {
  readonly settings: { readonly current: () => LiveSettings }
  readonly audit: Pick<Audit, 'head' | 'available'>
}

/** Returns the routes of the policy and the audit log. */
export function statusRoutes({ settings, audit }: StatusRoutesDeps): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/v1/policy',
      needs: 'token',
      summary: 'Shows the policy in force.',
      answer: PolicyAnswer,
      handle() {
        const { policy, mode } = settings.current()
        return { engine: policy.name, revision: policy.revision, mode }
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/v1/audit',
      needs: 'token',
      summary: 'Shows the head of the audit log.',
      answer: AuditAnswer,
      handle: () => ({ head: audit.head, available: audit.available }),
    }),
  ]
}
