/** Finds the test files of which `npm test` runs a part only, or nothing. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')
const SAMPLE = 'test/support/sample.ts'
/** Imported by all: it sets a seed, and leaves nothing out. */
const SEEDED = 'test/support/seeded.ts'

/** Lists files that take as long as a hundred other tests: they are for the thorough run alone. */
export const LONG_FILES = [
  'test/aws/identify/localstack-oracle.test.ts',
  'test/e2e/package.test.ts',
  'test/e2e/terraform-run.test.ts',
]

/**
 * Returns the long test files, and those that read what is to be sampled, by themselves or by what they import; paths
 * from the root.
 */
export function samplingFiles(): string[] {
  const importsOf = new Map(
    globSync('test/**/*.ts', { cwd: ROOT })
      .filter((file) => file !== SEEDED)
      .map((file) => [file, importsIn(file)] as const),
  )
  const found = new Set([SAMPLE])
  for (let before = 0; before !== found.size;) {
    before = found.size
    for (const [file, imports] of importsOf) if (imports.some((each) => found.has(each))) found.add(file)
  }
  const sampling = [...found].filter((file) => file.endsWith('.test.ts'))
  return [...new Set([...LONG_FILES, ...sampling])].toSorted()
}

function importsIn(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map(([, path = '']) =>
    join(dirname(file), path),
  )
}
