/**
 * Writes GRAVEST.md, the list that people review: the 300 most severe operations of the services that most accounts
 * use, with the reason for each class.
 *
 *     node proxy/aws/catalogue/gravest.ts [--check]      exit code 1 if the committed list differs
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { ACTION_CLASSES, type ActionClass } from '../../core/action-class.ts'
import { operationsOf, readCatalogue } from './catalogue.ts'
import type { Operation } from './types.ts'
import { CATALOGUE_FILE } from './generate.ts'
import { readKinds } from './kinds.ts'
import { verbOf } from './levels.ts'
import { readOverrides } from './overrides.ts'

const LIST_FILE = new URL('GRAVEST.md', import.meta.url)
const LENGTH = 300

/** Lists the services where mistakes usually do the most harm. */
const SERVICES =
  'iam sts organizations account kms secretsmanager s3 s3control ec2 rds dynamodb lambda ecs eks cloudformation cloudtrail config guardduty securityhub backup route53 route53domains cloudfront elbv2 autoscaling efs fsx ecr redshift opensearch elasticache neptune docdb kinesis sqs sns logs cloudwatch ssm sso-admin cognito-idp apigateway acm acm-pca wafv2 network-firewall glacier cloudcontrol servicecatalog ram rolesanywhere'.split(
    ' ',
  )

const overrides = readOverrides()
const { kinds } = readKinds()

function guardIn(operation: string): string | undefined {
  return new RegExp(overrides.classes.guardNouns).exec(operation)?.[1]
}

/** Returns why a kind of grave change gives an operation this class; undefined if none does. */
function kindSays(name: ActionClass, key: string, operation: string): string | undefined {
  const verdicts = kinds.map(({ verdicts: all }) => all.get(key) ?? all.get(operation))
  return verdicts.find((each) => each?.adds.includes(name) === true)?.why
}

/** Returns why a person gave an operation this class, in overrides.json or in kinds/; undefined if nobody did. */
function handSays(name: ActionClass, key: string, operation: string): string | undefined {
  if (name === 'credentials' && overrides.credentials.includes(key))
    return 'by hand: issues or registers what opens something'
  if ((overrides.add[key] ?? []).includes(name) || overrides.classes.exact[key]?.includes(name))
    return 'by hand'
  return kindSays(name, key, operation)
}

/** Returns why an operation has this class; it follows the order in which `levels.ts` decides. */
function reasonFor(name: ActionClass, { service, name: operation, level }: Operation): string {
  const key = `${service.model}.${operation}`
  const { destructive, detach, disruptive, guards } = overrides.classes
  const verb = (verbs: string) => verbOf(overrides, verbs, operation)
  const hand = handSays(name, key, operation)
  if (hand !== undefined) return hand
  if (name === 'credentials') return 'its answer hands out what opens something'
  if (name === 'permissions' && level === 'Permissions management') return 'IAM: permissions management'
  if (name === 'protection' && guards.includes(key)) return 'by hand: a guard'
  if (name === 'protection') return `a guard: ${guardIn(operation) ?? 'by rule'}`
  if (name === 'destructive') return `verb: ${verb(destructive) ?? verb(detach) ?? 'by rule'}`
  if (name === 'disruptive') return `verb: ${verb(disruptive) ?? 'by rule'}`
  if (name === 'opaque') return 'takes what is run later'
  return `IAM: ${level}`
}

const WEIGHTS: Readonly<Partial<Record<ActionClass, number>>> = {
  credentials: 6,
  protection: 6,
  permissions: 5,
  destructive: 5,
  opaque: 3,
  disruptive: 2,
  'data-delete': 2,
}

function gravity({ classes, traits }: Operation): number {
  let sum = 0
  for (const each of classes) sum += WEIGHTS[each] ?? 0
  for (const each of traits) sum += { irreversible: 2, cascade: 3 }[each as string] ?? 0
  return sum
}

function row(operation: Operation): string {
  const { service, name, classes, traits, rules } = operation
  const graver = ACTION_CLASSES.filter((each) => WEIGHTS[each] !== undefined && classes.includes(each))
  const why = graver.map((each) => `${each}: ${reasonFor(each, operation)}`).join('; ')
  const more = rules.length === 0 ? '' : `${rules.length}`
  return `| ${service.model}.${name} | ${classes.join(', ')} | ${traits.join(', ')} | ${why} | ${more} |`
}

function list(): string {
  const catalogue = readCatalogue(CATALOGUE_FILE)
  const operations = SERVICES.flatMap((model) => {
    const service = catalogue.service(model)
    return service === undefined ? [] : operationsOf(service)
  })
  const graver = operations.map((each) => ({ each, weight: gravity(each) }))
  graver.sort((a, b) => b.weight - a.weight)
  const rows = graver.slice(0, LENGTH).map(({ each }) => row(each))
  return `# The ${LENGTH} most severe operations

\`gravest.ts\` makes this list from the catalogue, for people to review. It says how Moderato classifies each operation
before it reads the parameters, and why. "By hand" means \`overrides.json\`, which also has the verbs and the nouns of
guards; answers are judged in \`reviews.json\`, and names of
operations and members in \`kinds/\`.

| operation | classes | traits | why | rules on parameters |
|---|---|---|---|---|
${rows.join('\n')}
`
}

const text = list()
if (!process.argv.includes('--check')) {
  writeFileSync(LIST_FILE, text)
} else if (readFileSync(LIST_FILE, 'utf8') !== text) {
  process.stderr.write('GRAVEST.md does not match the catalogue; run: node proxy/aws/catalogue/gravest.ts\n')
  process.exitCode = 1
}
