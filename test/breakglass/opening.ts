/** A break-glass that the tests open, and the settings that allow it. */
import { ConfigSchema } from '../../proxy/config/schema/config.ts'
import type { BreakglassSettings, BreakglassRequest } from '../../proxy/breakglass/breakglass.ts'

export const OPENING: BreakglassRequest = {
  agent: 'a',
  forMs: 60_000,
  reason: 'orders are stuck',
  ticket: 'INC-1',
  classes: ['destructive'],
  resources: ['*'],
  pace: false,
}

/** As the schema fills them in. */
export function settingsOf(given: Readonly<Record<string, unknown>> = {}): BreakglassSettings {
  return ConfigSchema.parse({ breakglass: given }).breakglass
}
