/** Every operation of the installed and of the pinned botocore, serialised by botocore, must be identified as itself. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { unzipBotocore } from '../../../proxy/aws/catalogue/sources.ts'
import { describeRequest } from '../../../proxy/aws/describe-request.ts'
import { SEED, sized, THOROUGH } from '../../support/sample.ts'
import { catalogue } from '../requests.ts'

/** One service of so many, and the seed that draws them. */
const DRAWN = [String(sized(1, 12)), String(SEED)]
const SCRIPT = fileURLToPath(new URL('botocore-requests.py', import.meta.url))
interface Botocore {
  readonly version: string
  /** Where Python finds it, before its own; undefined for the one that is installed. */
  readonly folder: string | undefined
}

/** What the script needs: the wheel alone lacks the libraries that botocore stands on. */
const IMPORTS = 'import botocore, botocore.loaders, botocore.model, botocore.serialize, botocore.utils'

/** Undefined where Python has not all of it. */
function versionIn(folder: string | undefined): string | undefined {
  const { status, stdout } = spawnSync('python3', ['-c', `${IMPORTS}; print(botocore.__version__)`], {
    encoding: 'utf8',
    env: { ...process.env, ...(folder === undefined ? {} : { PYTHONPATH: folder }) },
  })
  return status === 0 ? stdout.trim() : undefined
}

/** The very botocore that the catalogue is made from, unpacked; undefined if its wheel cannot be had. */
function unpackPinned(): string | undefined {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'moderato-botocore-'))
    for (const [name, bytes] of Object.entries(unzipBotocore((each) => !each.endsWith('/')))) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), bytes)
    }
    return folder
  } catch {
    return undefined
  }
}

const folders = [undefined, unpackPinned()]
const found: Botocore[] = folders.flatMap((folder, index) => {
  if (folder === undefined && index > 0) return []
  const version = versionIn(folder)
  return version === undefined ? [] : [{ version, folder }]
})
const missing = found.length === 0
if (missing) console.warn('SKIPPED: identification of every botocore request: python3 has no botocore')
if (!found.some(({ folder }) => folder !== undefined))
  console.warn('SKIPPED: the pinned botocore: no wheel, or no libraries that it stands on')
afterAll(() => {
  if (folders[1] !== undefined) rmSync(folders[1], { recursive: true })
})

/** Old and new name of one thing, with one IAM action: the new one is taken. */
const TWINS = new Set([
  'GetBucketLifecycle',
  'PutBucketLifecycle',
  'GetBucketNotification',
  'PutBucketNotification',
])
/** Told by scope or host alone, which this test does not set. */
const BY_HOST = new Set(['s3.ListDirectoryBuckets', 's3.WriteGetObjectResponse', 's3control.CreateBucket'])

/**
 * Members that older or richer models have: botocore's own `SourceRegion`, which it takes out before it sends; variants
 * that Q in Connect dropped; two lists of SES that were read with query keys before they moved.
 */
const OTHERWISE =
  /^(rds|docdb|neptune)\.(Copy|Create|Start)\w+\.query$|^qconnect\.(CreateKnowledgeBase|CreateSession|GetRecommendations|QueryAssistant)\.|^sesv2\.List(ConfigurationSets|EmailIdentities)\./

interface Tally {
  total: number
  /** Not in the newer models any more. */
  dropped: number
  readonly wrong: string[]
  readonly unknown: string[]
  /** Operations that name a role in one of their members, and those of them whose request said so. */
  readonly passing: Set<string>
  readonly passed: Set<string>
  readonly notOpaque: string[]
  /** Parameters that the catalogue lacks, of operations that it has. */
  readonly unmodelled: Set<string>
}

async function measure({ folder }: Botocore, filled: 'all' | 'required'): Promise<Tally> {
  const tally: Tally = {
    total: 0,
    dropped: 0,
    wrong: [],
    unknown: [],
    passing: new Set(),
    passed: new Set(),
    notOpaque: [],
    unmodelled: new Set(),
  }
  const child = spawn('python3', ['-W', 'ignore', SCRIPT, filled, ...DRAWN], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...(folder === undefined ? {} : { PYTHONPATH: folder }) },
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const { expected } = JSON.parse(line) as { expected: [string, string, string] }
    const [service, operation] = expected
    const { operation: found, actions, classes, traits } = await describeRequest(catalogue, line, undefined)
    tally.total++
    if (found === operation) {
      const key = `${service}.${operation}`
      if ((catalogue.service(service)?.operation(operation)?.passes.roles.length ?? 0) > 0)
        tally.passing.add(key)
      if (traits.includes('unmodelled')) tally.unmodelled.add(expected.join('.'))
      if (actions.includes('iam:PassRole')) {
        tally.passed.add(key)
        if (!classes.includes('opaque')) tally.notOpaque.push(key)
      }
    }
    if (found === operation || TWINS.has(operation) || BY_HOST.has(`${service}.${operation}`)) continue
    if (catalogue.service(service)?.operation(operation) === undefined) tally.dropped++
    else if (found === null) tally.unknown.push(expected.join('.'))
    else tally.wrong.push(`${expected.join('.')} as ${found}`)
  }
  return tally
}

describe.skipIf(missing)('identify: every request that botocore makes', () => {
  it.each(
    found.flatMap((each) =>
      (['required', 'all'] as const).map((filled) => [each.version, filled, each] as const),
    ),
  )(
    'of version %s with %s members: takes none for another, and knows all but those that newer models dropped',
    async (version, filled, botocore) => {
      const tally = await measure(botocore, filled)
      const { total, dropped, wrong, unknown, passing, passed, notOpaque, unmodelled } = tally
      console.info(
        `botocore ${version}, ${filled} members: ${total} requests, ${dropped} of operations ` +
          `dropped since; ${passed.size} of ${passing.size} that can pass a role did`,
      )
      expect(wrong).toEqual([])
      expect(unknown).toEqual([])
      expect(total - dropped).toBeGreaterThan(sized(10_000, 100))
      expect(notOpaque).toEqual([])
      expect([...unmodelled].filter((each) => !OTHERWISE.test(each))).toEqual([])
      // Of few services the share says nothing.
      if (filled === 'all' && THOROUGH) expect(passed.size / passing.size).toBeGreaterThan(0.95)
      // Of its own source the catalogue has dropped nothing.
      if (botocore.folder !== undefined) expect(dropped).toBe(0)
    },
    240_000,
  )
})
