import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { sampled, THOROUGH } from '../../support/sample.ts'
import { missing } from '../../support/tools.ts'
import { REGIONS, resolve } from './resolving.ts'

const WHEEL = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'moderato-catalogue/botocore-1.44.5-py3-none-any.whl',
)
const BOTOCORE = { name: 'botocore', command: 'python3', args: ['-c', 'import botocore.endpoint_provider'] }
const noOracle = missing(BOTOCORE) || !existsSync(WHEEL)
if (!existsSync(WHEEL))
  console.warn('SKIPPED: no botocore wheel is kept here; proxy/aws/endpoints/generate.ts gets it')

describe.skipIf(noOracle)("botocore's own rule engine", () => {
  it('names the same host, signing name and region for every service in every region', () => {
    const oracle = fileURLToPath(new URL('endpoints-oracle.py', import.meta.url))
    const output = execFileSync('python3', [oracle, WHEEL, sampled(REGIONS, 8).join(',')], {
      maxBuffer: 64 * 1024 * 1024,
    })
    const expected = JSON.parse(output.toString('utf8')) as Record<
      string,
      Record<string, readonly [host: string, name: string, region: string] | null>
    >
    const differing: string[] = []
    for (const [model, byRegion] of Object.entries(expected)) {
      for (const [region, row] of Object.entries(byRegion)) {
        let found: string
        try {
          found = Object.values(resolve(model, { region })).join(' ')
        } catch {
          found = 'refused'
        }
        if (found !== (row?.join(' ') ?? 'refused')) differing.push(`${model} ${region}: ${found}`)
      }
    }
    expect(Object.keys(expected).length).toBeGreaterThan(400)
    expect(differing.filter((line) => !line.endsWith(': refused'))).toEqual([])
    // Refused on purpose: hosts outside the partition's suffixes.
    const refused = new Set(differing.map((line) => line.split(' ')[0]))
    const known = [
      'agent-registry',
      'agent-registry-control',
      'opensearchmemory',
      'pricing-plan-manager',
      'signin',
    ]
    const found = [...refused].toSorted((a, b) => String(a).localeCompare(String(b)))
    // Of few regions, some of them.
    expect(found).toEqual(THOROUGH ? known : known.filter((each) => refused.has(each)))
  })

  it('is what the committed table was made from', () => {
    const generator = fileURLToPath(new URL('../../../proxy/aws/endpoints/generate.ts', import.meta.url))
    execFileSync(process.execPath, [generator, '--check'], { stdio: 'pipe' })
  })
})
