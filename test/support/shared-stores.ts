/** Lists every store that two replicas may share, for `describe.each`: its name, true if it is missing here, and a start. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { missing, VALKEY } from './tools.ts'
import { ValkeyServer } from './valkey.ts'

export interface SharedStore {
  /** The setting `state` of each replica. */
  readonly state: object
  /** Ends the store, once no replica runs any more. */
  readonly end: () => Promise<void>
}

export const SHARED_STORES: readonly [string, boolean, () => Promise<SharedStore>][] = [
  ['a SQLite file', false, () => madeIn((folder) => ({ file: join(folder, 'shared.sqlite') }))],
  [
    'a Valkey',
    missing(VALKEY),
    async () => {
      const server = await ValkeyServer.start()
      return madeIn(
        () => ({ store: 'valkey', url: server.url }),
        () => server.stop(),
      )
    },
  ],
]

async function madeIn(stateIn: (folder: string) => object, stop?: () => Promise<void>): Promise<SharedStore> {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-shared-'))
  return {
    state: { ...stateIn(folder), keyFile: join(folder, 'ledger-key') },
    async end() {
      await stop?.()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
