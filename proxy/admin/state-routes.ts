/** Serves the state store: whether it can be trusted, and an operator's word that it is to be. */
import { z } from 'zod'
import { operatorText } from '../config/schema/freeze.ts'
import type { Ledger } from '../state/ledger.ts'
import type { GuardedStore } from '../state/guarded.ts'
import { adminRoute, type AdminRoute } from './route.ts'
import { orStoreError } from './stored.ts'

export const StateAnswer = z.object({
  store: z.string(),
  up: z.boolean().describe('False while it does not answer.'),
  trusted: z.boolean().describe('While this is false, everything that changes something is refused.'),
  problem: z.string().nullable().describe('Why it is not trusted, and what to do.'),
})

export const AcceptedAnswer = z.object({
  entries: z.int().describe('The entries of the ledger in force, or removed.'),
  takenBack: z.int().describe('The approvals and break-glasses that were taken back.'),
  forged: z.int().describe('The forged entries that were deleted.'),
})

export interface StateRoutesDeps {
  readonly store: Pick<GuardedStore, 'name' | 'up' | 'unfit'>
  readonly ledger: Pick<Ledger, 'accept' | 'problem' | 'sound'>
}

/** Returns the routes of the state store. */
export function stateRoutes({ store, ledger }: StateRoutesDeps): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/v1/state',
      needs: 'token',
      summary: 'Says whether what the state store holds can be trusted.',
      answer: StateAnswer,
      handle() {
        const problem = store.unfit ?? ledger.problem ?? null
        return { store: store.name, up: store.up, trusted: ledger.sound && problem === null, problem }
      },
    }),
    adminRoute({
      method: 'POST',
      path: '/v1/state/accept',
      needs: 'token',
      summary:
        'Takes what the state store holds now, after a loss or a forgery. Approvals and break-glasses are taken back.',
      body: z.strictObject({ reason: operatorText }),
      answer: AcceptedAnswer,
      handle: () => orStoreError(ledger.accept(), 'nothing is known to be changed. Say it again.'),
    }),
  ]
}
