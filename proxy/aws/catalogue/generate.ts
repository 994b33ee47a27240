/**
 * Generates catalogue.json.br from pinned packages and overrides.json.
 *
 *     node proxy/aws/catalogue/generate.ts           writes the data
 *     node proxy/aws/catalogue/generate.ts --check   exit code 1 if the committed data does not match the sources,
 *                                                    2 if the sources cannot be fetched
 *     node proxy/aws/catalogue/generate.ts --why S:Op says how an operation was judged, and writes nothing
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import { errorMessage } from '../../core/error-message.ts'
import { plainName } from './catalogue.ts'
import { checkNames } from './check-names.ts'
import { encodeService } from './encode.ts'
import type { CatalogueHeader, RawService } from './format.ts'
import { readLists } from './lists.ts'
import type { ServiceModel } from './model.ts'
import { holesIn } from './neighbours.ts'
import { type Overrides, readOverrides } from './overrides.ts'
import type { Judgement } from './scope.ts'
import { judgedOperations, type Kinds, readKinds } from './kinds.ts'
import { readReviews, reviewedOperations } from './reviews.ts'
import { readSources, type Sources } from './sources.ts'

export const CATALOGUE_FILE = new URL('catalogue.json.br', import.meta.url)

/** Checks that every key in the hand-made data names an operation, so that a renamed one is noticed. */
function checkKeys(sources: Sources, { overrides, reviews, lists, kinds }: Judgement): void {
  const {
    rules,
    contents,
    counts,
    actions,
    resources,
    traits,
    add,
    credentials,
    classes,
    levels,
    older,
    passes,
  } = overrides
  const keyed = [counts, actions, resources, traits, add, levels, older, passes, classes.exact].flatMap(
    (each) => Object.keys(each),
  )
  const keys = [
    ...keyed,
    ...[...rules, ...contents].map((each) => each[0]),
    ...credentials,
    ...classes.guards,
    ...classes.notGuards,
    ...classes.reversible,
    ...reviewedOperations(reviews),
    ...lists.operations,
    ...judgedOperations(kinds),
  ]
  const missing = keys.filter((key) => {
    const dot = key.indexOf('.')
    return sources.models.get(key.slice(0, dot))?.operations[key.slice(dot + 1)] === undefined
  })
  if (missing.length > 0)
    throw new Error(`overrides or reviews name unknown operations: ${[...new Set(missing)].join(' ')}`)
}

/** Lists each service under botocore's name, the name of the SDKs, and IAM's, in this order. */
function namesOf(services: readonly RawService[], ids: readonly string[]): Record<string, readonly number[]> {
  const found: Record<string, number[]> = {}
  for (const spelled of [services.map(({ m }) => m), ids, services.map(({ x }) => x)]) {
    for (const [index, name] of spelled.entries()) {
      const at = (found[plainName(name)] ??= [])
      if (!at.includes(index)) at.push(index)
    }
  }
  return found
}

/** Checks the same for resource types (`prefix.type`, with an optional variable) and for models. */
function checkTypes({ iam, models }: Sources, { defaults, qualifiers, unless, accounts }: Overrides): void {
  const missing = [defaults, qualifiers, unless].flatMap(Object.keys).filter((key) => {
    const [prefix = '', type = ''] = key.split('.')
    return iam.get(prefix)?.resourceTypes.has(type) !== true
  })
  missing.push(...Object.keys(accounts).filter((each) => !models.has(each)))
  if (missing.length > 0) throw new Error(`overrides name unknown resources or models: ${missing.join(' ')}`)
}

/** Throws if a name matches the pattern of a kind and nobody judged it, or if a rule's like has none. */
function checkJudged({ unjudged, unused, judged }: Kinds): void {
  if (unused.size > 0) throw new Error(`kinds/ has exceptions for nothing: ${[...unused].join(', ')}`)
  const holes = holesIn(judged)
  if (holes.length > 0) throw new Error(`kinds/ has holes beside its rules:\n  ${holes.join('\n  ')}`)
  if (unjudged.size === 0) return
  const names = [...unjudged].sort().join('\n  ')
  throw new Error(`kinds/ judges none of these names (rule S24):\n  ${names}`)
}

/** Generates the data before compression; equal sources give equal bytes. */
export function generate(sources: Sources, kinds = readKinds()): string {
  const overrides = readOverrides()
  const reviews = readReviews()
  const judgement = { overrides, reviews, lists: readLists(), kinds }
  checkKeys(sources, judgement)
  checkTypes(sources, overrides)
  checkNames(sources, overrides)
  const names = [...sources.models.keys()].sort()
  const services = names.map((each) =>
    encodeService(sources, judgement, each, sources.models.get(each) as ServiceModel),
  )
  const { unjudged } = reviews
  if (unjudged.size > 0) {
    const names = [...unjudged].sort().join('\n  ')
    throw new Error(
      `reviews.json or lists.json judges none of these members (rules S12, S13 and S26):\n  ${names}`,
    )
  }
  checkJudged(kinds)
  const signing: Record<string, number[]> = {}
  for (const [index, service] of services.entries())
    for (const each of service.s) (signing[each] ??= []).push(index)
  const prefixes = [...new Set(services.map((each) => each.x))].sort()
  const named = namesOf(
    services,
    names.map((each) => (sources.models.get(each) as ServiceModel).metadata.serviceId),
  )
  const header: CatalogueHeader = { sources: sources.versions, signing, models: names, prefixes, named }
  return [header, ...services].map((each) => JSON.stringify(each)).join('\n')
}

/** Writes the committed file. */
export function write(text: string): void {
  const bytes = brotliCompressSync(text, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
  })
  writeFileSync(CATALOGUE_FILE, bytes)
  console.log(`catalogue.json.br: ${bytes.length} bytes, ${text.length} characters`)
}

/** Prints how an operation was judged; the exit code is 1 if there is no such operation, or it changes nothing. */
function printReasons({ reasons }: Kinds, named: string): number {
  const found = reasons.get(named.replace(':', '.'))
  console.log(
    found?.join('\n') ??
      `${named}: no changing operation has this name (service:Operation, as botocore names them)`,
  )
  return found === undefined ? 1 : 0
}

function main(args: readonly string[]): number {
  let sources: Sources
  try {
    sources = readSources()
  } catch (error) {
    console.error(`the sources cannot be had: ${errorMessage(error)}`)
    return 2
  }
  const kinds = readKinds()
  const text = generate(sources, kinds)
  const why = args.indexOf('--why')
  if (why >= 0) return printReasons(kinds, args[why + 1] ?? '')
  if (args.includes('--check')) {
    const same = brotliDecompressSync(readFileSync(CATALOGUE_FILE)).toString('utf8') === text
    console.log(
      same ? 'catalogue.json.br is what its sources give' : 'catalogue.json.br differs from its sources',
    )
    return same ? 0 : 1
  }
  write(text)
  return 0
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2))
