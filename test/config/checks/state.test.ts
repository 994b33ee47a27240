/** What is refused at the start of a store that others could read, charge or decide in (rule S19). */
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../proxy/config/load.ts'
import { describeConfig } from '../../../proxy/config/describe.ts'

const FROM = { file: 'moderato.yaml', folder: '/etc/moderato', environment: {} }
const load = (state: object) => parseConfig({ state }, FROM)
const SHARED = { store: 'valkey', keyFile: 'ledger-key' }

describe('the state settings', () => {
  it('keep state in SQLite, and let reads go on while it is down, if nothing is said', () => {
    expect(load({}).config.state).toMatchObject({ store: 'sqlite', readsWhileDown: 'allow', timeout: 500 })
  })

  it.each([
    'valkeys://user:password@valkey.internal:6380/1',
    'rediss://:password@10.0.0.1',
    'valkey://:password@127.0.0.1:6379',
    'redis://:password@[::1]:6379',
    'valkey://:password@localhost',
  ])('take %s', (url) => {
    expect(load({ ...SHARED, url }).config.state).toMatchObject({ url, keyFile: '/etc/moderato/ledger-key' })
  })

  it.each([
    ['valkey://:password@10.0.0.1:6379', 'state.url: must be valkeys:// or rediss:// (TLS) off the loopback'],
    [
      'redis://:password@127.0.0.1.example.org',
      'state.url: must be valkeys:// or rediss:// (TLS) off the loopback',
    ],
    ['valkeys://valkey.internal', 'state.passwordFile: is needed: a store that asks no password is refused'],
    ['valkeys://user@valkey.internal', 'state.passwordFile: is needed'],
    ['http://:password@127.0.0.1', 'state.url: must begin with valkeys://'],
    ['valkey:', 'state.url: must begin with valkeys://'],
    ['nonsense', 'state.url: must begin with valkeys://'],
    ['valkeys://:password@host/0?tls=false', 'state.url: may hold user, password, host, port'],
    ['valkeys://:password@host/one', 'state.url: may hold user, password, host, port'],
  ])('refuse %s', (url, message) => {
    expect(() => load({ ...SHARED, url })).toThrow(message)
  })

  it('want a key that all replicas have, wherever a store is shared', () => {
    const needed = 'state.keyFile: is needed where a store is shared'
    expect(() => load({ store: 'valkey', url: 'valkeys://:password@host' })).toThrow(needed)
    expect(() => load({ file: 'shared.sqlite' })).toThrow(needed)
    expect(load({ file: 'shared.sqlite', keyFile: 'key' }).config.state.file).toBe(
      '/etc/moderato/shared.sqlite',
    )
  })

  it('refuse what belongs to another store, and two passwords', () => {
    expect(() => load({ url: 'valkeys://:password@host' })).toThrow(
      'state.url: is for `state.store: valkey` only',
    )
    expect(() => load({ ...SHARED, url: 'valkeys://:p@host', file: 'f' })).toThrow(
      'state.file: is for `state.store: sqlite` only',
    )
    expect(() => load({ ...SHARED, url: 'valkeys://:p@host', passwordFile: 'f' })).toThrow(
      'cannot be set together',
    )
    expect(() => load({ store: 'valkey', keyFile: 'k' })).toThrow('state.url: is needed')
  })

  it('show no password', () => {
    const shown = JSON.stringify(
      describeConfig(load({ ...SHARED, url: 'valkeys://user:a@b-secret@host:1/0' })),
    )
    expect(shown).toContain('valkeys://***@host:1/0')
    expect(shown).not.toContain('secret')
  })

  it.each(['STORE', 'FILE', 'URL', 'CA', 'KEY_FILE', 'PREFIX', 'READS_WHILE_DOWN'])(
    'are not turned to another store by MODERATO_STATE_%s (S7)',
    (name) => {
      const environment = { [`MODERATO_STATE_${name}`]: 'memory' }
      expect(() => parseConfig({}, { ...FROM, environment })).toThrow('allowEnvironment')
    },
  )
})
