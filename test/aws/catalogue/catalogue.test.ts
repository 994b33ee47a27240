import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, type TestContext } from 'vitest'
import { everyOperation } from '../../../proxy/aws/catalogue/catalogue.ts'
import type { Operation } from '../../../proxy/aws/catalogue/types.ts'
import { ACTION_CLASSES, TRAITS } from '../../../proxy/core/action-class.ts'
import { THOROUGH } from '../../support/sample.ts'
import { catalogue } from '../requests.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

describe('catalogue: what it covers', () => {
  const operations = everyOperation(catalogue)
  const isChange = ({ level }: Operation) => level !== 'Read' && level !== 'List'
  const percent = (part: readonly Operation[], whole: readonly Operation[]) =>
    (100 * part.length) / whole.length

  it('has every service and operation of its botocore, and those that it lacks', () => {
    expect(catalogue.models).toHaveLength(439 + 2)
    expect(operations).toHaveLength(19_796 + 6)
  })

  it.each([
    ['of all operations', operations, 97.6, 97.6],
    ['of those that the IAM data can know', operations.filter((each) => !each.newerThanIam), 99.1, 99.1],
  ])('knows the IAM actions %s, and says where it guesses', (of, among, floor, changesFloor) => {
    const known = (each: Operation) => !each.traits.includes('inferred')
    const changes = among.filter(isChange)
    const share = percent(among.filter(known), among)
    const changesShare = percent(changes.filter(known), changes)
    console.info(`IAM action known ${of}: ${share.toFixed(1)} %, of changes ${changesShare.toFixed(1)} %`)
    expect(share).toBeGreaterThan(floor)
    expect(changesShare).toBeGreaterThan(changesFloor)
  })

  it('finds a resource in the requests of most changes to which IAM gives resource types', () => {
    const typed = operations.filter((each) => isChange(each) && each.resources.length > 0)
    const bound = typed.filter(({ resources }) => resources.some(({ kind }) => kind !== 'any'))
    console.info(
      `a resource bound in ${bound.length} of ${typed.length} changes, ${percent(bound, typed).toFixed(1)} %; ` +
        'the rest name what only the service can place (a token, a job, an association) and say `*`',
    )
    expect(typed.length).toBeGreaterThan(8800)
    expect(percent(bound, typed)).toBeGreaterThan(97.5)
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
    // A change set is a plan: nothing that exists goes with it.
    expect(found.map((each) => `${each.service.model}.${each.name}`)).toEqual([
      'cloudformation.DeleteChangeSet',
    ])
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

  // Nothing of it can be drawn: it makes the whole anew.
  if (THOROUGH) it('is what its pinned sources give', driftCheck, 240_000)
})

async function driftCheck(context: TestContext): Promise<void> {
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
}
