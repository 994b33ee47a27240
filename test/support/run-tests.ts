/**
 * Runs every test that this machine can run: vitest, and the Rego tests by opa. Prints the names of those skipped, and
 * as its last line `N passed, N failed, N skipped` over both. `--thorough` leaves out nothing that is drawn otherwise; with
 * `--rest`, what is drawn otherwise is all that runs. Other arguments are handed on to vitest, alone then.
 *
 * Interrupted, it ends all that it started: nothing that a test spawned is left behind. If it is killed, `reaper.ts` does.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findOpa, INSTALL_OPA } from '../../policy/build.ts'
import { startReaper } from './children.ts'
import { endTree } from './process-tree.ts'
import { samplingFiles } from './sampling-files.ts'

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
const VITEST = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'test/vitest.config.ts']
const OWN = ['--thorough', '--rest']
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

async function runVitest(args: readonly string[], isThorough: boolean): Promise<Counts> {
  // What tests and their processes write for a while is in here, and goes with it.
  const folder = mkdtempSync(join(tmpdir(), 'moderato-run-'))
  // As /tmp is: some tests look from another user's side.
  chmodSync(folder, 0o711)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const report = join(folder, 'report.json')
  // A session of its own: Ctrl-C reaches this process alone, which ends all of them in one way.
  const vitest = spawn(process.execPath, [...VITEST, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    detached: true,
    env: {
      ...process.env,
      TMPDIR: folder,
      TEST_REPORT: report,
      ...(isThorough ? { TEST_THOROUGH: '1' } : {}),
    },
  })
  const pid = vitest.pid ?? 0
  const mark = `TEST_REPORT=${report}`
  startReaper({ pid, mark, folder })
  const interrupted = (signal: (typeof SIGNALS)[number]): void => {
    console.error(`\n${signal}: ended ${endTree(pid, mark).length} processes of this run`)
    process.exit(128 + constants.signals[signal])
  }
  for (const each of SIGNALS) process.once(each, interrupted)
  await once(vitest, 'exit')
  for (const each of SIGNALS) process.off(each, interrupted)
  for (const command of endTree(pid, mark)) console.error(`LEFT BEHIND by a test, and ended: ${command}`)
  return readReport(report, vitest.exitCode)
}

function readReport(report: string, exitCode: number | null): Counts {
  // No report: vitest itself failed, and has said why.
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: [] }
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  ) as VitestReport
  const skipped = testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => fullName),
  )
  // A file that does not load, or an error outside any test, fails the run without failing a test.
  const failed = numFailedTests === 0 && exitCode !== 0 ? 1 : numFailedTests
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

const given = process.argv.slice(2)
const args = given.filter((each) => !OWN.includes(each))
if (given.includes('--rest')) args.push(...samplingFiles())
const runs = [await runVitest(args, given.includes('--thorough')), ...(args.length > 0 ? [] : [runRego()])]
const sum = (pick: (counts: Counts) => number): number => runs.reduce((total, each) => total + pick(each), 0)
const failed = sum((each) => each.failed)
const skipped = runs.flatMap((each) => each.skipped)
for (const name of skipped) console.log(`skipped: ${name}`)
console.log(`${sum((each) => each.passed)} passed, ${failed} failed, ${skipped.length} skipped`)
process.exitCode = failed === 0 ? 0 : 1
