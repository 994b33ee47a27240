/** Every setting of the schema is known, and nothing is taken of which the schema does not say so (rule S31). */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { masked } from '../../proxy/config/describe.ts'
import { isReloaded } from '../../proxy/config/diff.ts'
import { environmentOverrides } from '../../proxy/config/environment.ts'
import { ConfigSchema } from '../../proxy/config/schema/config.ts'
import { free, maskAll, setting } from '../../proxy/config/schema/setting.ts'
import { SETTINGS, settingsOf } from '../../proxy/config/settings.ts'
import { SAMPLES } from './setting-samples.ts'

const named = SETTINGS.list.map((each) => [each.path, each] as const)
const pathsOf = (list: readonly { readonly path: string }[]) => list.map(({ path }) => path)

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
}

describe('the settings', () => {
  it('are all that the schema has', () => {
    const known = new Set(pathsOf(SETTINGS.list))
    const missed = (schema: JsonSchema, path: string): string[] => {
      if (known.has(path)) return []
      if (schema.properties === undefined) return [path]
      return Object.entries(schema.properties).flatMap(([name, inner]) =>
        missed(inner, path === '' ? name : `${path}.${name}`),
      )
    }
    const schema = z.toJSONSchema(ConfigSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
    expect(missed(schema, '')).toEqual(['listen.intercept'])
    expect(Object.keys(SAMPLES).toSorted()).toEqual([...known].toSorted())
  })

  it.each(named)('%s: the schema says what it is', (_, { about }) => {
    expect(about?.doc).toMatch(/^\S.*\.$/)
  })
})

describe('a setting of which nothing is said', () => {
  const shared = z.string()
  const schema = z.strictObject({
    group: z.strictObject({
      forgotten: shared.default('before'),
      said: setting(shared, { doc: 'Said.', reload: true, environment: free('A test.') }),
      derived: setting(shared, { doc: 'Said.', reload: true, environment: free('A test.') }).min(2),
      list: z.array(z.strictObject({ name: z.string() })).default([]),
    }),
    new: z
      .strictObject({
        said: setting(z.string(), { doc: 'Said.', reload: true, environment: free('A test.') }),
        forgotten: z.string().optional(),
      })
      .optional(),
  })
  const settings = settingsOf(schema)

  it('is found all the same, and needs a restart', () => {
    expect(pathsOf(settings.list)).toEqual([
      'group.forgotten',
      'group.said',
      'group.derived',
      'group.list',
      'new.said',
      'new.forgotten',
    ])
    const reloaded = [
      'group.said',
      'group.forgotten',
      'group.derived',
      'group.list',
      'group',
      'new.said',
      'new',
    ]
    expect(reloaded.filter((path) => isReloaded(path, settings))).toEqual(['group.said', 'new.said'])
    expect(isReloaded('group.list[a].name', settings)).toBe(false)
  })

  it('is guarded, and so is the group around it', () => {
    const environment = {
      MODERATO_GROUP_DERIVED: 'given',
      MODERATO_GROUP_FORGOTTEN: 'given',
      MODERATO_GROUP_LIST: '[]',
      MODERATO_GROUP_SAID: 'given',
      MODERATO_NEW: '{"said":"given"}',
    }
    const { overrides, findings } = environmentOverrides(environment, {}, settings)
    expect(overrides).toEqual([{ path: 'group.said', value: 'given', variable: 'MODERATO_GROUP_SAID' }])
    expect(pathsOf(findings)).toEqual(['group.derived', 'group.forgotten', 'group.list', 'new'])
    const allowed = environmentOverrides(environment, { allowEnvironment: true }, settings)
    expect(allowed.findings).toEqual([])
    expect(allowed.overrides).toHaveLength(5)
    // Only the word itself allows it.
    expect(environmentOverrides(environment, { allowEnvironment: 'true' }, settings).findings).toHaveLength(4)
  })

  it('takes nothing from another that was made of the same schema', () => {
    expect(settings.list[0]?.about).toBeUndefined()
    const said = setting(shared, { doc: 'Said.', reload: true })
    expect(() => setting(said.min(2), { doc: 'Said again.' })).toThrow('setting twice: Said again.')
  })
})

describe('what is said within a value', () => {
  const secret = setting(z.string().optional(), { doc: 'A secret.', mask: maskAll })
  const entry = z.strictObject({ name: z.string(), secret })
  const { root } = settingsOf(
    z.strictObject({
      list: z.array(entry).default([]),
      map: z.record(z.string(), entry).optional(),
      either: z.union([z.string(), entry, z.array(entry)]).nullable(),
      made: entry.transform(({ name, ...others }) => ({ ...others, id: name })).readonly(),
    }),
  )

  it('is found in lists, maps, and whatever shape it has of several', () => {
    const [given, shown] = ['canary', '***'].map((hidden) => {
      const one = { name: 'one', secret: hidden }
      return { list: [one], map: { any: one }, either: [one], made: one }
    })
    expect(masked(root, given)).toEqual(shown)
    expect(masked(root, { either: { name: 'one', secret: 'canary' } })).toEqual({
      either: { name: 'one', secret: '***' },
    })
    const plain = { either: null, list: [{ name: 'one', secret: undefined }], other: 7 }
    expect(masked(root, plain)).toEqual(plain)
  })
})
