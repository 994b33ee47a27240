/** Every route of the admin API. */
import type { Parts } from '../parts.ts'
import type { AdminRoute } from './route.ts'
import { approvalRoutes } from './approval-routes.ts'
import { statusRoutes } from './status-routes.ts'

export function adminRoutes(parts: Parts): readonly AdminRoute[] {
  return [...statusRoutes(parts), ...approvalRoutes(parts.approvals.admin)]
}
