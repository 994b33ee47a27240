/**
 * Compiles rego/ to the committed bundle: `node policy/build.ts`. With `--check` it only compares.
 *
 * The bundle's revision is the SHA-256 of its sources, so that a stale bundle is found without opa. With opa (named by
 * `OPA`, or in PATH) the check rebuilds the bundle and compares the bytes.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { inputSchemaText } from './input.ts'
import { readTar } from './tar.ts'
import { isTimeIndependent } from './time-independence.ts'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
export const INSTALL_OPA = 'go install github.com/open-policy-agent/opa@v1.22.2'
const CAPABILITIES = 'rego/capabilities.json'
const OUTPUTS = ['policy.wasm', '.manifest'] as const

/** Returns the opa binary; undefined if there is none. */
export function findOpa(): string | undefined {
  // oxlint-disable-next-line node/no-process-env -- a tool of the build, not a setting of the proxy
  const opa = process.env['OPA'] ?? 'opa'
  try {
    execFileSync(opa, ['version'], { stdio: 'ignore' })
    return opa
  } catch {
    return undefined
  }
}

/** Returns the modules of the bundle, relative to the root of the checkout. */
function modules(): readonly string[] {
  return globSync('rego/moderato/**/*.rego', { cwd: ROOT })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !file.endsWith('_test.rego'))
}

/** Returns the SHA-256 (hex) of all sources of the bundle. */
export function sourceDigest(): string {
  const hash = createHash('sha256')
  for (const file of [...modules(), 'rego/.manifest', CAPABILITIES].toSorted()) {
    const bytes = readFileSync(join(ROOT, file))
    hash.update(`${file}\0${bytes.length}\0`).update(bytes)
  }
  return hash.digest('hex')
}

/** Compiles the bundle's files. Throws opa's message if it fails. */
export function compile(opa: string): ReadonlyMap<string, Buffer> {
  const directory = mkdtempSync(join(tmpdir(), 'moderato-policy-'))
  const archive = join(directory, 'bundle.tar.gz')
  const ignored = ['bundle', 'schemas', '*_test.rego'].flatMap((name) => ['--ignore', name])
  try {
    execFileSync(
      opa,
      // prettier-ignore
      ['build', '-t', 'wasm', '-b', 'rego', ...ignored, '--capabilities', CAPABILITIES,
        '-e', 'moderato/decision', '-e', 'moderato/tasks/verdict', '-r', sourceDigest(), '-o', archive],
      { cwd: ROOT, stdio: ['ignore', 'inherit', 'pipe'] },
    )
    return marked(opa, readTar(gunzipSync(readFileSync(archive))))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Marks in the bundle's manifest whether the proxy may cache verdicts. */
function marked(opa: string, files: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  const inRoot = modules().map((file) => join(ROOT, file))
  const timeIndependent = isTimeIndependent(opa, inRoot, join(ROOT, CAPABILITIES))
  const manifest = {
    ...JSON.parse(built(files, '.manifest').toString('utf8')),
    metadata: { moderato: { timeIndependent } },
  }
  return new Map(files).set('.manifest', Buffer.from(`${JSON.stringify(manifest)}\n`))
}

/** Returns what is stale in the committed bundle and schema; empty if nothing is. Without opa it does not compare bytes. */
export function staleness(opa: string | undefined): readonly string[] {
  const stale: string[] = []
  const manifest: unknown = JSON.parse(committed('.manifest').toString('utf8'))
  const revision =
    typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'revision') : undefined
  if (revision !== sourceDigest())
    stale.push('rego/bundle/.manifest: revision is not the digest of the sources')
  if (readFileSync(join(ROOT, 'rego/schemas/input.json'), 'utf8') !== inputSchemaText()) {
    stale.push('rego/schemas/input.json: not what policy/input.ts says')
  }
  if (opa === undefined) return stale
  const fresh = compile(opa)
  for (const name of OUTPUTS) {
    if (!committed(name).equals(built(fresh, name))) stale.push(`rego/bundle/${name}: a rebuild differs`)
  }
  return stale
}

function committed(name: string): Buffer {
  return readFileSync(join(ROOT, 'rego/bundle', name))
}

function built(files: ReadonlyMap<string, Buffer>, name: string): Buffer {
  const bytes = files.get(name)
  if (bytes === undefined) throw new Error(`opa build wrote no ${name}`)
  return bytes
}

function main(check: boolean): void {
  const opa = findOpa()
  if (check) {
    const stale = staleness(opa)
    if (opa === undefined) console.warn(`opa is missing, so bytes are not compared: ${INSTALL_OPA}`)
    for (const each of stale) console.error(each)
    if (stale.length > 0) console.error('Run node policy/build.ts and commit the files that it writes.')
    process.exitCode = stale.length > 0 ? 1 : 0
    return
  }
  if (opa === undefined) throw new Error(`opa is missing: ${INSTALL_OPA}`)
  writeFileSync(join(ROOT, 'rego/schemas/input.json'), inputSchemaText())
  const fresh = compile(opa)
  for (const name of OUTPUTS) writeFileSync(join(ROOT, 'rego/bundle', name), built(fresh, name))
}

if (import.meta.main) main(process.argv.includes('--check'))
