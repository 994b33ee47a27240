import type { Checked } from '../../exchange/exchange.ts'
import { markTaskPathChecked, type TaskPathChecked } from '../../exchange/facts.ts'
import { taskRoute } from '../route.ts'

/** Refuses paths that the tasks endpoint lacks before anything is verified. Denials `unknown_path`, `malformed_request`. */
export function checkTaskPath() {
  return function checkTaskPath(exchange: Checked): Checked & TaskPathChecked {
    taskRoute(exchange)
    return markTaskPathChecked(exchange)
  }
}
