import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../proxy/config/load.ts'
import type { LoadedConfig } from '../../proxy/config/loaded.ts'
import { VirtualTime } from '../../proxy/core/virtual-time.ts'
import { patient } from '../../proxy/runtime/follow-config.ts'

const loadedFrom = (given: object): LoadedConfig =>
  parseConfig(given, { file: 'moderato.yaml', folder: '/etc/moderato', environment: {} })
const AGENTS = ['a', 'b'].map((id) => ({
  id,
  accessKeyId: `AKID${id}`,
  secretAccessKey: 's'.repeat(32),
  grants: [
    { classes: ['read'], resources: ['*'] },
    { classes: ['list'], resources: ['*'] },
  ],
}))
const WINDOW = { name: 'nights', from: '22:00', to: '06:00', timeZone: 'UTC' }
const WHOLE = { drain: '10s', agents: AGENTS, freeze: { windows: [WINDOW] } }

/** What is in force, and a file that the test writes. */
function scene() {
  const time = new VirtualTime()
  let inForce = loadedFrom(WHOLE)
  let file: object | undefined = WHOLE
  let reloads = 0
  const load = () => {
    if (file === undefined) throw new Error('no YAML')
    return loadedFrom(file)
  }
  const changed = patient({
    load,
    inForce: () => inForce,
    reload: () => {
      reloads += 1
      if (file !== undefined) inForce = load()
    },
    timer: time,
    log: { info: () => undefined },
  })
  const write = (given: object | undefined) => {
    file = given
    changed.look()
  }
  return { time, write, stop: changed.stop, inForce: () => inForce.config, reloads: () => reloads }
}

describe('a change of the files', () => {
  it('is taken at once where they say as much as before, or more', () => {
    const { write, inForce, reloads } = scene()
    write({ ...WHOLE, drain: '20s' })
    write({ ...WHOLE, log: { level: 'debug' } })
    expect([reloads(), inForce().log.level]).toEqual([2, 'debug'])
  })

  it.each([
    ['a section', { drain: '10s', agents: AGENTS }],
    ['its agents', { drain: '10s', freeze: WHOLE.freeze }],
    ['an agent', { ...WHOLE, agents: AGENTS.slice(1) }],
    ['a grant', { ...WHOLE, agents: AGENTS.map((each) => ({ ...each, grants: each.grants.slice(1) })) }],
    ['a setting', { agents: AGENTS, freeze: WHOLE.freeze }],
  ])('is taken two seconds later where they have lost %s', async (_, less) => {
    const { time, write, inForce, reloads } = scene()
    write(less)
    await time.advance(1_999)
    expect(reloads()).toBe(0)
    await time.advance(1)
    expect(inForce()).toEqual(loadedFrom(less).config)
  })

  it('leaves no trace of a file that was written in two parts, a second apart', async () => {
    const { time, write, inForce, reloads } = scene()
    write({ drain: '20s' })
    await time.advance(1_000)
    write({ ...WHOLE, drain: '20s' })
    expect(reloads()).toBe(1)
    expect(inForce().agents).toHaveLength(2)
    await time.advance(10_000)
    expect(reloads()).toBe(1)
  })

  it('is told at once where they cannot be read', () => {
    const { write, reloads } = scene()
    write(undefined)
    expect(reloads()).toBe(1)
  })

  it('is not waited for any more after the end', async () => {
    const { time, write, stop, reloads } = scene()
    write({ drain: '10s' })
    stop()
    await time.advance(10_000)
    expect(reloads()).toBe(0)
  })
})
