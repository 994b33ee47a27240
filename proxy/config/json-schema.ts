/** The configuration's JSON Schema, for editors and charts. */
import { z } from 'zod'
import { isReloaded } from './diff.ts'
import { environmentWords } from './environment.ts'
import { ConfigSchema } from './schema/config.ts'
import { SETTINGS, type NamedSetting } from './settings.ts'

/** Our schema adds this to each setting, under `x-moderato`. */
interface SaidOfSetting {
  readonly changedBy: 'reload' | 'restart'
  readonly variable: string
  /** The rule for the variable unless the file says `allowEnvironment: true`, as `environmentWords` says it. */
  readonly environment: string
  readonly file?: string
  readonly secret?: true
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly default?: unknown
  readonly description?: string
  'x-moderato'?: SaidOfSetting
}

/** Returns the JSON Schema of what people write, with what is said of each setting beside it. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(ConfigSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  for (const setting of SETTINGS.list) {
    const at = setting.path
      .split('.')
      .reduce<JsonSchema | undefined>((inner, name) => inner?.properties?.[name], schema)
    if (at === undefined) throw new Error(`${setting.path} is not in the JSON Schema`)
    at['x-moderato'] = saidOf(setting)
  }
  return schema
}

function saidOf(setting: NamedSetting): SaidOfSetting {
  const { path, variable, about } = setting
  return {
    changedBy: isReloaded(path) ? 'reload' : 'restart',
    variable,
    environment: environmentWords(setting),
    ...(about?.file === undefined ? {} : { file: about.file.kind }),
    ...(about?.mask === undefined ? {} : { secret: true }),
  }
}
