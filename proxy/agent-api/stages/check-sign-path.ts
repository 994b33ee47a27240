import { Denial } from '../../core/denial/denial.ts'
import type { Checked } from '../../exchange/exchange.ts'
import { markSignPathChecked, type SignPathChecked } from '../../exchange/facts.ts'
import { SIGN_PATH } from '../route.ts'

/** Refuses what is not served, before anything is verified: denial `unknown_path`, or `malformed_request`. */
export function checkSignPath() {
  return function checkSignPath(exchange: Checked): Checked & SignPathChecked {
    const { method, path, query } = exchange
    if (path !== SIGN_PATH) throw new Denial('unknown_path', 'Nothing is served at this path.')
    if (method !== 'POST') throw new Denial('malformed_request', 'Only POST is served here.')
    if (query !== '') throw new Denial('malformed_request', 'Parameters belong into the JSON body.')
    return markSignPathChecked(exchange)
  }
}
