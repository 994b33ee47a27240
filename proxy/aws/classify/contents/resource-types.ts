/** Classifies the creation of a resource by CloudFormation or Cloud Control, by the API that creates it. */
import type { ArnPlace } from '../../resources/arns.ts'
import type { Catalogue, Operation } from '../../catalogue/types.ts'
import { holds } from '../../resources/conditional-rules.ts'
import { type ContainedResource, partsOf, textIn } from './found.ts'

/** Lists the verbs with which services create what CloudFormation names by a noun. */
const MAKING = [
  'Create',
  'Put',
  'Add',
  'Attach',
  'Set',
  'Register',
  'Request',
  'Run',
  'Authorize',
  'Enable',
  'Associate',
]
/** Lists the verbs whose rules on a property (protection off, public) apply to a new resource too. */
const CHANGING = ['Create', 'Modify', 'Update', 'Put']
const GUARDS: ReadonlySet<string> = new Set(['permissions', 'protection', 'credentials'])

/** Matches types that grant permissions or open a network, and that no API operation is named after. */
const PERMITTING =
  /^AWS::(IAM|SSO|RAM|Organizations|Serverless|LakeFormation|VerifiedPermissions)::|(Policy|Permissions?|PermissionSet|Grant|Principal|SecurityGroup(Ingress|Egress)?|NetworkAcl(Entry)?)$/
/** Matches types that run what the template gives them, or create what it does not show. */
const RUNNING =
  /^(Custom|Alexa|AWS::Serverless)::|^AWS::CloudFormation::(CustomResource|Stack|StackSet|Macro|WaitCondition|LambdaHook|GuardHook)|::MODULE$/
/** Matches types that hold data, which is lost with the stack if the template says `Delete`. */
const HOLDING =
  /^AWS::(RDS|Neptune|DocDB|DocDBElastic|Redshift|ElastiCache|MemoryDB|EFS|FSx|DynamoDB|S3|KMS|Cognito|SecretsManager|OpenSearchService|Backup|Timestream|QLDB|Cassandra|DSQL)::|^AWS::EC2::Volume$/

const NAME = /^AWS::(\w+)::(\w+)$/

function said(operation: Operation, { properties }: ContainedResource, place: ArnPlace): string[] {
  const parts = partsOf(properties)
  const adds = operation.rules.flatMap((rule) =>
    rule.at.from === 'b' && holds(rule, parts, place) ? rule.adds : [],
  )
  return adds.filter((each) => GUARDS.has(each))
}

/** Returns the classes and traits of creating a resource: those of its API, and those that its name and policies show. */
export function resourceSays(
  resource: ContainedResource,
  catalogue: Catalogue,
  place: ArnPlace,
): readonly string[] {
  const { type, policies } = resource
  const [, service = '', noun = ''] = NAME.exec(type) ?? []
  const named = (verb: string) => (noun === '' ? [] : catalogue.named(service, verb + noun))
  const made = MAKING.flatMap(named).flatMap(({ classes }) => classes)
  const guards = CHANGING.flatMap(named).flatMap((each) => said(each, resource, place))
  const goes =
    HOLDING.test(type) &&
    policies.some((each) => each !== undefined && !/^(Retain|Snapshot)/.test(textIn(each)))
  return [
    ...made,
    ...guards,
    ...(PERMITTING.test(type) ? ['permissions'] : []),
    ...(goes ? ['protection'] : []),
    ...(RUNNING.test(type) || noun === '' ? ['opaque', 'unreadable'] : []),
  ]
}
