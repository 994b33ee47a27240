import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { compare, type Comparison } from '../../../../proxy/aws/catalogue/reference/compare.ts'
import { readReferences } from '../../../../proxy/aws/catalogue/reference/read.ts'
import { catalogue } from '../../requests.ts'

/** Files in the forms of AWS's Service Authorization Reference and of aws/api-models-aws; some of it is made up. */
const FIXTURES = join(import.meta.dirname, 'fixtures')
const ROOT = join(import.meta.dirname, '../../../..')

function comparisons(folder = FIXTURES): readonly Comparison[] {
  return readReferences(folder).map((each) => compare(catalogue, each))
}

describe('the Service Authorization Reference', () => {
  const [sar] = comparisons()

  it('is found by its form, whatever the folders are called', () => {
    expect(sar).toMatchObject({ title: 'Service Authorization Reference', files: 2 })
  })

  it('agrees where it has the actions, or more of them, in any case', () => {
    // DeleteObject, and ModifyDBCluster of rds and of docdb; GetObject may need more.
    expect(sar?.actions).toMatchObject({ compared: 6, same: 3, within: 1 })
  })

  it('shows where an action is not among those that it lists, and where it lists none', () => {
    expect(sar?.actions.differ).toEqual([
      {
        operation: 's3.ListObjectsV2',
        ours: ['s3:ListBucket'],
        theirs: ['s3:ListObjectsOfTheFuture'],
        inferred: false,
      },
    ])
    expect(sar?.actions.none).toEqual(['s3.PutBucketPolicy'])
  })

  it('compares whether an action changes something', () => {
    const ofS3 = (keys: readonly string[] = []) => keys.filter((key) => key.startsWith('s3.'))
    expect(ofS3(sar?.levels.milder)).toContain('s3.ListObjectsV2')
    expect(ofS3(sar?.levels.milder)).not.toContain('s3.GetObject')
    // CopyObject also needs an action of which the files say nothing.
    expect(sar?.levels.harsher).toEqual([
      'docdb.ModifyDBCluster',
      'neptune.ModifyDBCluster',
      'rds.ModifyDBCluster',
    ])
  })

  it('says what each side lacks, of services that have a file', () => {
    expect(sar?.onlyTheirs).toEqual(['s3.PaintObject'])
    expect(sar?.onlyOurs).toContain('s3.PutObject')
    // It has this operation, though without actions.
    expect(sar?.onlyOurs).not.toContain('s3.HeadBucket')
    expect(sar?.onlyOurs.some((each) => each.startsWith('dynamodb.'))).toBe(false)
    expect(sar?.modelsLacking).toContain('dynamodb')
    expect(sar?.modelsLacking).not.toContain('s3')
  })
})

describe('the Smithy models', () => {
  const [, smithy] = comparisons()

  it('are compared where they speak of actions', () => {
    expect(smithy).toMatchObject({ title: 'Smithy models of aws/api-models-aws', files: 1 })
    expect(smithy?.actions).toMatchObject({ compared: 2, same: 0, within: 1, none: [] })
    expect(smithy?.actions.differ).toMatchObject([
      {
        operation: 'dynamodb.UpdateTable',
        ours: ['dynamodb:UpdateTable'],
        theirs: ['dynamodb:ModifyTable'],
      },
    ])
  })

  it('are compared where they call an operation read-only', () => {
    expect(smithy?.levels).toEqual({ compared: 2, milder: [], harsher: ['dynamodb.DeleteTable'] })
  })

  it('say which operations the catalogue does not know', () => {
    expect(smithy?.onlyTheirs).toEqual(['DynamoDB.FoldTable'])
    expect(smithy?.onlyOurs).toContain('dynamodb.PutItem')
    expect(smithy?.onlyOurs).not.toContain('dynamodb.BatchGetItem')
  })
})

describe('npm run catalogue -- --reference DIR', () => {
  const run = (...args: readonly string[]) =>
    promisify(execFile)(process.execPath, ['proxy/aws/catalogue/refresh.ts', ...args], { cwd: ROOT })
  const folder = (files: Readonly<Record<string, string>>): string => {
    const dir = mkdtempSync(join(tmpdir(), 'moderato-reference-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
    return dir
  }

  it('prints totals and each difference, and changes nothing', async () => {
    const pins = readFileSync(join(ROOT, 'proxy/aws/catalogue/pins.json'), 'utf8')
    const { stdout } = await run('--reference', FIXTURES)
    expect(stdout).toContain(
      'Service Authorization Reference: 2 files\n  IAM actions    66.7 % of 6 operations agree',
    )
    expect(stdout).toContain('  s3.ListObjectsV2  here: s3:ListBucket  there: s3:ListObjectsOfTheFuture\n')
    expect(stdout).toContain('Smithy models of aws/api-models-aws: 1 files\n')
    expect(readFileSync(join(ROOT, 'proxy/aws/catalogue/pins.json'), 'utf8')).toBe(pins)
  })

  it('prints the same as JSON', async () => {
    const { stdout } = await run('--reference', FIXTURES, '--json')
    expect(JSON.parse(stdout)).toEqual(comparisons())
  })

  it('fails where there is nothing to compare with, and names a file that it cannot read', async () => {
    const none = folder({ 'service-list.json': '[]', 'a.json': '{}' })
    await expect(run('--reference', none)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has no file of the Service Authorization Reference') as string,
    })
    const wrong = folder({ 's3.json': '{"Name":"s3","Actions":[{"Title":"GetObject"}]}' })
    await expect(run('--reference', wrong)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/s3\.json: .*Name/s) as string,
    })
  })
})
