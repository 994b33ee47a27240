import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Operation } from '../../proxy/aws/catalogue/catalogue.ts'
import { ACTION_CLASSES, TRAITS } from '../../proxy/classes.ts'
import { catalogue } from './requests.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

function everyOperation(): Operation[] {
  return catalogue.models.flatMap((model) => {
    const service = catalogue.service(model)
    return service === undefined
      ? []
      : service.operationNames.flatMap((name) => service.operation(name) ?? [])
  })
}

describe('catalogue: what it covers', () => {
  const operations = everyOperation()
  const share = (wanted: (operation: Operation) => boolean) =>
    operations.filter(wanted).length / operations.length

  it('has every service and operation of its botocore, and those that it lacks', () => {
    expect(catalogue.models).toHaveLength(439 + 2)
    expect(operations).toHaveLength(19_796 + 6)
  })

  it('knows IAM actions and resources of most, and says where it guesses', () => {
    const actions = share((each) => !each.traits.includes('inferred'))
    const named = operations.filter((each) => each.resources.length > 0)
    const bound =
      named.filter((each) => each.resources.every(({ kind }) => kind !== 'any')).length / named.length
    console.info(
      `IAM action known ${(actions * 100).toFixed(1)} %, resources bound ${(bound * 100).toFixed(1)} % of ${named.length}`,
    )
    expect(actions).toBeGreaterThan(0.94)
    expect(bound).toBeGreaterThan(0.9)
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
