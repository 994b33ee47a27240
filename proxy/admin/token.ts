/** The shared token of the admin listener (rule S6). */
import { join } from 'node:path'
import type { Config } from '../config/schema/config.ts'
import { ownSecret, readSecret } from '../core/secret-file.ts'

/** Made at first start if the configuration names none. Throws if its file is open to others. */
export function adminToken({ admin, stateDir }: Config): string {
  return (
    admin.token ??
    (admin.tokenFile === undefined ? ownSecret(join(stateDir, 'admin-token')) : readSecret(admin.tokenFile))
  )
}
