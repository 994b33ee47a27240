/** Lists the dashboards. */
import { AGENT_INCIDENT } from './agent.ts'
import { OPERATORS } from './operators.ts'
import { dashboard } from './panels.ts'
import { SERVICE } from './service.ts'

/** Returns each dashboard as its file must be: a file for each, named by its uid. */
export function boards(): readonly { readonly file: string; readonly text: string }[] {
  return [SERVICE, OPERATORS, AGENT_INCIDENT].map((board) => ({
    file: `${board.uid}.json`,
    text: `${JSON.stringify(dashboard(board), null, 2)}\n`,
  }))
}
