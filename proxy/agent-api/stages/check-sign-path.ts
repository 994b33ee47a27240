import { Denial } from '../../core/denial/denial.ts'
import type { Checked } from '../../exchange/exchange.ts'
import { markSignPathChecked, type SignPathChecked } from '../../exchange/facts.ts'
import { SIGN_PATH } from '../route.ts'

/** Refuses other paths and methods before anything is verified. Denials `unknown_path`, `malformed_request`. */
export function checkSignPath() {
  return function checkSignPath(exchange: Checked): Checked & SignPathChecked {
    const { method, path, query } = exchange
    if (path !== SIGN_PATH) throw new Denial('unknown_path', 'There is nothing at this path.')
    if (method !== 'POST') throw new Denial('malformed_request', 'Only POST is supported here.')
    if (query !== '')
      throw new Denial('malformed_request', 'Put parameters into the JSON body, not the query.')
    return markSignPathChecked(exchange)
  }
}
