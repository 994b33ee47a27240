import type { Checked } from '../../exchange/exchange.ts'
import { markTaskPathChecked, type TaskPathChecked } from '../../exchange/facts.ts'
import { taskRoute } from '../route.ts'

/** Refuses what the tasks endpoint does not serve, before anything is verified: `unknown_path`, `malformed_request`. */
export function checkTaskPath() {
  return function checkTaskPath(exchange: Checked): Checked & TaskPathChecked {
    taskRoute(exchange)
    return markTaskPathChecked(exchange)
  }
}
