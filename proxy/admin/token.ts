/** Finds the shared token of the admin listener (rule S6). */
import { join } from 'node:path'
import type { Config } from '../config/schema/config.ts'
import { ownSecret, readSecret } from '../core/secret-file.ts'

/** Returns the admin token; makes it at the first start if the configuration has none. Throws if other users can read its file. */
export function adminToken({ admin, stateDir }: Config): string {
  return (
    admin.token ??
    (admin.tokenFile === undefined ? ownSecret(join(stateDir, 'admin-token')) : readSecret(admin.tokenFile))
  )
}
