/** Every route of the admin API. */
import type { Parts } from '../parts.ts'
import { freezeRoutes } from './freeze-routes.ts'
import type { AdminRoute } from './route.ts'
import { statusRoutes } from './status-routes.ts'

export function adminRoutes(parts: Parts): readonly AdminRoute[] {
  const { freezes, clock, catalogue } = parts
  return [...statusRoutes(parts), ...freezeRoutes(freezes, { clock, services: catalogue.services })]
}
