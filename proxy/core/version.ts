/** Which Moderato this is. */
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

/** The version in package.json, as semantic versioning writes it (`1.2.3`). This file alone reads it. */
export const VERSION: string = versionIn(findPackageJSON(import.meta.url))

/** Node's version without its `v`, written as Moderato's own is. */
export const NODE_VERSION: string = process.versions.node

function versionIn(file: string | undefined): string {
  if (file === undefined) throw new Error('package.json is missing: install Moderato again')
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version?: unknown }
  if (typeof version !== 'string') throw new Error(`${file} has no version: install Moderato again`)
  return version
}
