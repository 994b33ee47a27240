/** Implements `moderato catalogue`: shows what the catalogue knows, and identifies requests. */
import { loadCatalogue, operationsOf, readCatalogue } from '../aws/catalogue/catalogue.ts'
import type { Catalogue, Locator, Operation, Service } from '../aws/catalogue/types.ts'
import { differences, printed } from '../aws/catalogue/diff.ts'
import { describeRequest, notIdentified } from '../aws/describe-request.ts'
import { didYouMean } from '../core/did-you-mean.ts'
import { errorMessage } from '../core/error-message.ts'
import { linesOf } from './lines.ts'
import { withArguments, type Given, type Io } from './verb.ts'

const USAGE = `usage: moderato catalogue show SERVICE:Operation [--json]
       moderato catalogue coverage [--json]
       moderato catalogue diff OLD [NEW] [--json]
                        compares files such as catalogue.json.br; NEW is the catalogue in use if left out
       moderato catalogue identify [--account ID] < LINES
                        one request a line: {"method","url","headers","body" (base64)}
`

const OPTIONS = {
  json: { type: 'boolean', default: false },
  account: { type: 'string' },
  help: { type: 'boolean' },
} as const

function spelled({ from, steps }: Locator): string {
  return `${{ u: 'path', q: 'query', h: 'header', b: 'body' }[from]} ${steps.join('.')}`
}

function facts({ service, ...operation }: Operation) {
  return {
    service: service.prefix,
    model: service.model,
    signingNames: service.signingNames,
    protocols: service.protocols,
    operation: operation.name,
    http: operation.http || undefined,
    hostPrefix: operation.hostPrefix || undefined,
    actions: operation.actions,
    accessLevel: operation.level,
    classes: operation.classes,
    traits: operation.traits,
    rules: operation.rules.map(({ at, predicate, adds }) => ({ at: spelled(at), predicate, adds })),
    counts: operation.counts.map((product) => product.map(spelled)),
    resources: operation.resources.map(({ kind, template, required, variables }) => ({
      arn: template ?? (kind === 'whole' ? 'an ARN in the request' : kind === 'path' ? 'the path' : '*'),
      required,
      from: Object.fromEntries([...variables].map(([name, { at }]) => [name, at.map(spelled)])),
    })),
    // A change of one of these ends an approval of the call (docs/approvals.md).
    reads: operation.reads.map(({ kind, at }) => ({ kind, from: at.map(spelled) })),
    body: operation.body,
  }
}

/** Returns the services with this model name, IAM prefix or signing name. */
function servicesNamed(catalogue: Catalogue, name: string): Service[] {
  const all = catalogue.models.flatMap((each) => catalogue.service(each) ?? [])
  return all.filter((each) => [each.model, each.prefix, ...each.signingNames].includes(name))
}

function show(catalogue: Catalogue, wanted: string | undefined, json: boolean, io: Io) {
  const [name = '', operation = ''] = (wanted ?? '').split(':')
  const found = servicesNamed(catalogue, name).flatMap((service) => {
    const exact = service.operationNames.find((each) => each.toLowerCase() === operation.toLowerCase())
    return exact === undefined ? [] : (service.operation(exact) ?? [])
  })
  if (operation === '') return 'wrong usage'
  if (found.length === 0) {
    io.stderr.write(
      `moderato: the catalogue has no ${name}:${operation}${meant(catalogue, name, operation)}\n`,
    )
    return 1
  }
  for (const each of found) io.stdout.write(`${JSON.stringify(facts(each), undefined, json ? 0 : 2)}\n`)
  return 0
}

function meant(catalogue: Catalogue, name: string, operation: string): string {
  const services = servicesNamed(catalogue, name)
  if (services.length === 0) return didYouMean(name, [...catalogue.services, ...catalogue.models])
  return didYouMean(
    operation,
    services.flatMap(({ operationNames }) => operationNames),
  )
}

function isChange({ level }: Operation): boolean {
  return level !== 'Read' && level !== 'List'
}

/** Counts the operations whose IAM action is known, not guessed from the name. */
function knownOf(operations: readonly Operation[]) {
  const known = operations.filter((each) => !each.traits.includes('inferred'))
  return {
    operations: operations.length,
    withIamAction: known.length,
    changes: operations.filter(isChange).length,
    changesWithIamAction: known.filter(isChange).length,
  }
}

function tally(services: readonly Service[]) {
  const operations = services.flatMap(operationsOf)
  const count = (wanted: (operation: Operation) => boolean) => operations.filter(wanted).length
  const classes: Record<string, number> = {}
  for (const each of operations) for (const name of each.classes) classes[name] = (classes[name] ?? 0) + 1
  const typed = (each: Operation) => isChange(each) && each.resources.length > 0
  return {
    ...knownOf(operations),
    /** The same for the operations that existed when the IAM data was made. */
    asOldAsIamData: knownOf(operations.filter((each) => !each.newerThanIam)),
    withResources: count((each) => each.resources.length > 0),
    resourcesBound: count(
      (each) => each.resources.length > 0 && each.resources.every(({ kind }) => kind !== 'any'),
    ),
    changesWithResources: count(typed),
    changesBound: count((each) => typed(each) && each.resources.some(({ kind }) => kind !== 'any')),
    withRules: count((each) => each.rules.length > 0),
    withCounts: count((each) => each.counts.length > 0),
    classes,
  }
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} % of ${whole}`
}

/** Returns the shares that people ask for most, each with its total. */
function shares(total: ReturnType<typeof tally>): string {
  const { asOldAsIamData: old } = total
  const action = ({ withIamAction, operations, changesWithIamAction, changes }: typeof old): string =>
    `${percent(withIamAction, operations)}; ${percent(changesWithIamAction, changes)} changes`
  return [
    `IAM action known, all operations:             ${action(total)}`,
    `IAM action known, those that IAM data can know: ${action(old)}`,
    `resource bound: ${percent(total.changesBound, total.changesWithResources)} changes to which IAM gives resource types`,
    '',
  ].join('\n')
}

function coverage(catalogue: Catalogue, json: boolean, io: Io): number {
  const services = catalogue.models.flatMap((each) => catalogue.service(each) ?? [])
  const total = { services: services.length, ...tally(services) }
  if (json) {
    const byService = Object.fromEntries(services.map((each) => [each.model, tally([each])]))
    io.stdout.write(`${JSON.stringify({ sources: catalogue.sources, total, byService })}\n`)
    return 0
  }
  const sources = Object.entries(catalogue.sources).map(([name, version]) => `${name} ${version}`)
  const { classes, asOldAsIamData: _, ...numbers } = total
  io.stdout.write(`from ${sources.join(', ')}\n${shares(total)}`)
  for (const [name, value] of Object.entries({ ...numbers, ...classes }))
    io.stdout.write(`${name.padEnd(20)} ${value}\n`)
  return 0
}

/** Prints every operation in which two catalogues differ; returns exit code 1 if a file is no catalogue. */
function diff(words: readonly string[], json: boolean, io: Io) {
  const [, old, now] = words
  if (old === undefined) return 'wrong usage'
  try {
    const found = differences(readCatalogue(old), now === undefined ? loadCatalogue() : readCatalogue(now))
    io.stdout.write(json ? found.map((each) => `${JSON.stringify(each)}\n`).join('') : printed(found))
    return 0
  } catch (error) {
    io.stderr.write(`moderato: this is not a catalogue file: ${errorMessage(error)}\n`)
    return 1
  }
}

/** The longest line: more than any service accepts in one call whose body is read whole, in base64. */
const LINE_BYTES = 256 * 1024 * 1024

/** Writes one line for each line that it reads, also if the line is no request. */
async function identifyLines(catalogue: Catalogue, account: string | undefined, io: Io): Promise<number> {
  for await (const line of linesOf(io.stdin, LINE_BYTES)) {
    const found =
      line === undefined
        ? notIdentified(`the line has more than ${LINE_BYTES} bytes`)
        : await describeRequest(catalogue, line, account)
    io.stdout.write(`${JSON.stringify(found)}\n`)
  }
  return 0
}

/** Runs `show`, `coverage`, `diff` or `identify`; resolves with the exit code. */
export function run(args: readonly string[], io: Io): Promise<number> {
  return withArguments({ usage: USAGE, options: OPTIONS }, args, io, (given) => act(given, io))
}

function act({ values, positionals }: Given<typeof OPTIONS>, io: Io) {
  const { json, account } = values
  switch (positionals[0]) {
    case 'show':
      return show(loadCatalogue(), positionals[1], json, io)
    case 'coverage':
      return coverage(loadCatalogue(), json, io)
    case 'diff':
      return diff(positionals, json, io)
    case 'identify':
      return identifyLines(loadCatalogue(), account, io)
    default:
      return 'wrong usage'
  }
}
