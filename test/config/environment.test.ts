/** The settings that the environment can name are those of the schema: no list of them may drift from it. */
import { describe, expect, it } from 'vitest'
import { environmentOverrides } from '../../proxy/config/environment.ts'
import { settings } from '../support/readme-tables.ts'

/** Not settings yet, or what only the file may say. */
const FILE_ONLY = new Set(['listen.intercept', 'allowEnvironment'])

const paths = settings(new Set(['watch.detectors'])).map(([path]) => path)
const variableOf = (path: string): string =>
  `MODERATO_${path.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).replaceAll('.', '_')}`.toUpperCase()

describe('environmentOverrides', () => {
  it.each(paths.filter((path) => !FILE_ONLY.has(path)))('takes %s from the environment', (path) => {
    const variable = variableOf(path)
    const { overrides, findings } = environmentOverrides({ [variable]: '1' }, { allowEnvironment: true })
    expect(findings).toEqual([])
    expect(overrides.map((override) => override.path)).toEqual([path])
  })

  it('takes allowEnvironment from nobody but the file', () => {
    const { overrides, findings } = environmentOverrides(
      { MODERATO_ALLOW_ENVIRONMENT: 'true' },
      { allowEnvironment: true },
    )
    expect(overrides).toEqual([])
    expect(findings).toEqual([expect.objectContaining({ path: 'MODERATO_ALLOW_ENVIRONMENT' })])
  })

  it.each(['MODERATO_LISTEN_TLS', 'MODERATO_LISTEN_TLS_CLIENT_CA'])(
    'does not loosen TLS by %s',
    (variable) => {
      const { overrides, findings } = environmentOverrides({ [variable]: '{}' }, {})
      expect(overrides).toEqual([])
      expect(findings[0]?.message).toContain('allowEnvironment')
    },
  )
})
