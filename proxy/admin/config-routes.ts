/** Serves the configuration in force and its reload: `/v1/config`, `/v1/reload`. */
import { momentText } from '../core/moment.ts'
import { z } from 'zod'
import { describeConfig } from '../config/describe.ts'
import type { Reload, Reloader } from '../runtime/reload.ts'
import type { LiveSettings } from '../runtime/live-settings.ts'
import { AdminError, adminRoute, type AdminRoute } from './route.ts'

export const ReloadAnswer = z.object({
  result: z.enum(['applied', 'unchanged', 'refused']),
  by: z.string().describe('SIGHUP, file, or the caller of the admin API.'),
  at: z.iso.datetime(),
  changes: z.array(z.object({ path: z.string(), before: z.unknown(), after: z.unknown() })),
  findings: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .describe('The reasons why it was refused.'),
})

const ConfigAnswer = z.object({
  file: z.string(),
  settings: z
    .array(z.object({ path: z.string(), value: z.unknown(), source: z.string() }))
    .describe('The values in force, with secrets masked, and the source of each.'),
  lastReload: ReloadAnswer.nullable(),
})

/** Returns the routes of the configuration and its reload. */
export function configRoutes(rules: () => LiveSettings, reloader: Reloader): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/v1/config',
      needs: 'token',
      summary: 'Shows the configuration in force and the result of the last reload.',
      answer: ConfigAnswer,
      handle() {
        const { loaded } = rules()
        const { last } = reloader
        const lastReload = last === undefined ? null : reloadAnswer(last)
        return { file: loaded.file, settings: describeConfig(loaded), lastReload }
      },
    }),
    adminRoute({
      method: 'POST',
      path: '/v1/reload',
      needs: 'token',
      summary: 'Reads the configuration again: applies all of it, or nothing and says why.',
      answer: ReloadAnswer,
      async handle({ caller }) {
        const reload = await reloader.reload(caller.subject)
        if (reload.result !== 'refused') return reloadAnswer(reload)
        const why = reload.findings.map(({ path, message }) => `${path || '(file)'}: ${message}`).join('; ')
        throw new AdminError(409, 'not_reloaded', `Nothing was changed. ${why}`)
      },
    }),
  ]
}

function reloadAnswer({ atMs, ...reload }: Reload): object {
  return { ...reload, at: momentText(atMs) }
}
