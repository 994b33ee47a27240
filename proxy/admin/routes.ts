/** Lists every route of the admin API. */
import type { ApprovalService } from '../approvals/open.ts'
import type { Catalogue } from '../aws/catalogue/types.ts'
import type { BreakglassService } from '../breakglass/open.ts'
import type { Freezes } from '../freeze/freezes.ts'
import type { Reloader } from '../runtime/reload.ts'
import type { WatchService } from '../watch/open.ts'
import { auditRoutes, type AuditRoutesDeps } from './audit-routes.ts'
import { approvalRoutes } from './approval-routes.ts'
import { breakglassRoutes } from './breakglass-routes.ts'
import { configRoutes } from './config-routes.ts'
import { freezeRoutes } from './freeze-routes.ts'
import { limitsRoutes, type LimitsRoutesDeps } from './limits-routes.ts'
import { quarantineRoutes } from './quarantine-routes.ts'
import type { AdminRoute } from './route.ts'
import { sessionRoutes, type SessionRoutesDeps } from './session-routes.ts'
import { stateRoutes, type StateRoutesDeps } from './state-routes.ts'
import { statusRoutes, type StatusRoutesDeps } from './status-routes.ts'

export interface AdminRoutesDeps
  extends StatusRoutesDeps, Omit<SessionRoutesDeps, 'isAgent' | 'nearestAgent'>, AuditRoutesDeps {
  readonly reloader: Reloader
  readonly freezes: Freezes
  readonly watching: Pick<WatchService, 'quarantines' | 'announce'>
  readonly breakglass: BreakglassService
  readonly approvals: ApprovalService
  readonly limits: LimitsRoutesDeps
  readonly state: StateRoutesDeps
  readonly catalogue: Pick<Catalogue, 'services'>
}

/** Returns the routes of the admin API, in the order in which they are matched. */
export function adminRoutes(deps: AdminRoutesDeps): readonly AdminRoute[] {
  const { settings, reloader, freezes, watching, breakglass, approvals, clock, catalogue } = deps
  const { quarantines, announce } = watching
  const { isAgent, nearestAgent } = breakglass
  const known = { isAgent, nearestAgent, announce }
  return [
    ...statusRoutes(deps),
    ...stateRoutes(deps.state),
    ...configRoutes(settings.current, reloader),
    ...freezeRoutes(freezes, { clock, services: catalogue.services, ...known }),
    ...quarantineRoutes(quarantines, known),
    ...breakglassRoutes(breakglass, clock),
    ...limitsRoutes(deps.limits),
    ...approvalRoutes(approvals.admin),
    ...sessionRoutes({ ...deps, isAgent, nearestAgent }),
    ...auditRoutes(deps),
  ]
}
