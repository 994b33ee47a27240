/** Tells whether the packages that are about to be packed are the ones that were tested. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const Package = z.looseObject({ version: z.string() })
const Lock = z.looseObject({
  packages: z.record(z.string(), z.looseObject({ version: z.string(), dev: z.boolean().optional() })),
})

/**
 * Compares the packages in node_modules, without development dependencies, with package-lock.json in the folder of a
 * checkout. Returns one line for each that is missing or of another version: `node_modules/zod 4.6.6, not 4.6.7`.
 */
export function lockDifferences(root: string): string[] {
  const { packages } = Lock.parse(parsed(join(root, 'package-lock.json')))
  return Object.entries(packages).flatMap(([path, { version, dev }]) => {
    if (path === '' || dev === true) return []
    const file = join(root, path, 'package.json')
    if (!existsSync(file)) return [`${path} missing, not ${version}`]
    const found = Package.parse(parsed(file)).version
    return found === version ? [] : [`${path} ${found}, not ${version}`]
  })
}

function parsed(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}
