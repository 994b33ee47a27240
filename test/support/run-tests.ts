/**
 * Runs every test that this machine can run: vitest, and the Rego tests by opa. Prints the names of skipped tests, and as
 * its last line `N passed, N failed, N skipped` over both. With arguments it runs only vitest, and passes them on.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findOpa, INSTALL_OPA } from '../../policy/build.ts'

interface Counts {
  readonly passed: number
  readonly failed: number
  /** The names of skipped tests. */
  readonly skipped: readonly string[]
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly success: boolean
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

interface RegoResult {
  readonly name: string
  readonly package: string
  readonly fail?: boolean
  readonly skip?: boolean
  readonly error?: unknown
}

const ROOT = resolve(import.meta.dirname, '../..')

const VITEST_ARGUMENTS = ['run', '--config', 'test/vitest.config.ts', '--reporter=default', '--reporter=json']

function runVitest(args: readonly string[]): Counts {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-report-'))
  const report = join(folder, 'report.json')
  const { status } = spawnSync(
    process.execPath,
    [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      ...VITEST_ARGUMENTS,
      `--outputFile.json=${report}`,
      ...args,
    ],
    { cwd: ROOT, stdio: 'inherit' },
  )
  // There is no report: vitest itself failed, and has printed why.
  const text = existsSync(report) ? readFileSync(report, 'utf8') : undefined
  rmSync(folder, { recursive: true, force: true })
  if (text === undefined) return { passed: 0, failed: 1, skipped: [] }
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(text) as VitestReport
  const skipped = testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status: each }) => each !== 'passed' && each !== 'failed')
      .map((each) => each.fullName),
  )
  // A file that does not load, or an error outside any test, fails the run without failing a test.
  const failed = numFailedTests === 0 && status !== 0 ? 1 : numFailedTests
  return { passed: numPassedTests, failed, skipped }
}

const REGO_ARGUMENTS = ['test', '--format=json', '--capabilities', 'rego/capabilities.json', 'rego/moderato']

function runRego(): Counts {
  const opa = findOpa()
  if (opa === undefined) {
    console.warn(`SKIPPED: every Rego test, because opa is not on this machine: ${INSTALL_OPA}`)
    return { passed: 0, failed: 0, skipped: ['rego (opa test)'] }
  }
  const { stdout, stderr, status } = spawnSync(opa, REGO_ARGUMENTS, {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const results = stdout.trim() === '' ? [] : ((JSON.parse(stdout) as RegoResult[] | null) ?? [])
  const skipped = results.filter(({ skip }) => skip === true)
  const failures = results.filter(({ fail, error }) => fail === true || error !== undefined)
  for (const each of failures) console.error(`FAILED: ${each.package}.${each.name}`)
  if (status !== 0 && failures.length === 0) console.error(`opa test failed: ${stderr}${stdout}`)
  return {
    passed: results.length - skipped.length - failures.length,
    failed: status !== 0 ? Math.max(1, failures.length) : failures.length,
    skipped: skipped.map((each) => `${each.package}.${each.name}`),
  }
}

const args = process.argv.slice(2)
const runs = args.length > 0 ? [runVitest(args)] : [runVitest([]), runRego()]
const sum = (pick: (counts: Counts) => number): number => runs.reduce((total, each) => total + pick(each), 0)
const failed = sum((each) => each.failed)
const skipped = runs.flatMap((each) => each.skipped)
for (const name of skipped) console.log(`skipped: ${name}`)
console.log(`${sum((each) => each.passed)} passed, ${failed} failed, ${skipped.length} skipped`)
process.exitCode = failed === 0 ? 0 : 1
