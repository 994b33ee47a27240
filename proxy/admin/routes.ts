/** Lists every route of the admin API. */
import type { Parts } from '../server/services.ts'
import type { Reloader } from '../runtime/reload.ts'
import { breakglassRoutes } from './breakglass-routes.ts'
import { configRoutes } from './config-routes.ts'
import { freezeRoutes } from './freeze-routes.ts'
import { limitsRoutes } from './limits-routes.ts'
import { quarantineRoutes } from './quarantine-routes.ts'
import type { AdminRoute } from './route.ts'
import { approvalRoutes } from './approval-routes.ts'
import { sessionRoutes } from './session-routes.ts'
import { statusRoutes } from './status-routes.ts'

/** Returns every route, in the order in which they are matched. */
export function adminRoutes(parts: Parts, reloader: Reloader): readonly AdminRoute[] {
  const { freezes, clock, catalogue, rules } = parts
  return [
    ...statusRoutes(parts),
    ...configRoutes(rules, reloader),
    ...freezeRoutes(freezes, { clock, services: catalogue.services, isAgent: parts.breakglass.isAgent }),
    ...quarantineRoutes(parts.quarantines, parts.breakglass.isAgent),
    ...breakglassRoutes(parts.breakglass, clock),
    ...limitsRoutes(parts),
    ...approvalRoutes(parts.approvals.admin),
    ...sessionRoutes(parts),
  ]
}
