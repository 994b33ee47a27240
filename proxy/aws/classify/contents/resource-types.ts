/**
 * Classifies resources that CloudFormation or Cloud Control makes, changes or deletes: by the API that does the same, by
 * their properties, and by their names.
 */
import type { ArnPlace } from '../../resources/arns.ts'
import type { Catalogue, Content, Operation } from '../../catalogue/types.ts'
import { holds } from '../../resources/conditional-rules.ts'
import { valuesAt } from '../../resources/locate.ts'
import { contained } from './contained-operation.ts'
import type { Document } from '../../protocols/tree.ts'
import { type ContainedResource, objectOf, partsOf, textIn } from './found.ts'
import { propertiesSay } from './property-kinds.ts'
import { operationsOfType } from './type-names.ts'

/** Lists the classes that a rule on a property gives a new resource too: it is made without its guard, or public. */
const GUARDS: ReadonlySet<string> = new Set(['permissions', 'protection', 'credentials'])

/** Matches types that grant permissions or open a network, whatever their operations are called. */
const PERMITTING =
  /^AWS::(IAM|SSO|RAM|Organizations|Serverless|LakeFormation|VerifiedPermissions|RolesAnywhere)::|(Policy|Permissions?|PermissionSet|Grant|Principal|SecurityGroup(Ingress|Egress)?|NetworkAcl(Entry)?|RoleAttachment|ToGroupAttachment|ToGroupAddition)$|^AWS::Lambda::Url$/
/** Matches types that run what the template gives them, or create what it does not show. */
const RUNNING =
  /^(Custom|Alexa|AWS::Serverless)::|^AWS::CloudFormation::(CustomResource|Stack|StackSet|Macro|LambdaHook|GuardHook)$|::MODULE$/
/** Matches types that hold data, which is lost with the stack if the template says `Delete`. */
const HOLDING =
  /^AWS::(RDS|Neptune|DocDB|DocDBElastic|Redshift|ElastiCache|MemoryDB|EFS|FSx|DynamoDB|S3|KMS|Cognito|SecretsManager|OpenSearchService|Backup|Timestream|QLDB|Cassandra|DSQL)::|^AWS::EC2::Volume$/
/** Matches types that guard something: to delete one is to lose the guard. */
const GUARDING =
  /^AWS::(KMS|Backup|GuardDuty|CloudTrail|Config|SecurityHub|Macie|InspectorV2|Detective|AccessAnalyzer|WAF|WAFv2|WAFRegional|Shield|NetworkFirewall|FMS|RecycleBin|Rbin)::|FlowLog$|LoggingConfiguration$|Alarm$/

/** Holds what a resource says, the documents among its properties, and the properties as members of the API. */
export interface ResourceSaid {
  readonly said: readonly string[]
  readonly contents: readonly Content[]
  readonly members: Document
}

/** Returns properties under the names that the API gives them, where the readers of documents need it. */
function membersOf(type: string, properties: Document): Document {
  const { DefinitionString, Definition, DefinitionSubstitutions: _, ...rest } = objectOf(properties)
  if (type === 'AWS::StepFunctions::StateMachine')
    return { ...rest, definition: DefinitionString ?? Definition }
  if (type === 'AWS::Config::RemediationConfiguration') return { RemediationConfigurations: [properties] }
  return properties
}

/** Returns what the rules of operations add by the properties; `given` takes only rules whose property is given. */
function rulesSay(
  operations: readonly Operation[],
  { type, properties }: ContainedResource,
  place: ArnPlace,
  given: boolean,
): string[] {
  const parts = partsOf(membersOf(type, properties))
  return operations
    .flatMap((each) => contained(each).rules)
    .filter((rule) => !given || valuesAt(parts, rule.at).length > 0)
    .flatMap((rule) => (holds(rule, parts, place) ? rule.adds : []))
    .filter((each) => !each.startsWith('-'))
}

function namesSay({ type, policies }: ContainedResource): string[] {
  const goes =
    HOLDING.test(type) &&
    policies.some((each) => each !== undefined && !/^(Retain|Snapshot)/.test(textIn(each)))
  return [
    ...(PERMITTING.test(type) ? ['permissions'] : []),
    ...(goes ? ['protection'] : []),
    ...(RUNNING.test(type) ? ['opaque', 'unreadable'] : []),
  ]
}

/** Returns the classes and traits of what happens to a resource. */
export function resourceSays(
  resource: ContainedResource,
  catalogue: Catalogue,
  place: ArnPlace,
): ResourceSaid {
  const { type, change, properties } = resource
  const { making, changing, deleting, isKnown } = operationsOfType(type, catalogue)
  const unknown = isKnown || RUNNING.test(type) ? [] : ['opaque', 'unreadable']
  if (change === 'delete') {
    const said = deleting.flatMap(({ classes, traits }) => [...classes, ...traits])
    const guards = GUARDING.test(type) ? ['protection'] : []
    return { said: [...said, ...namesSay(resource), ...guards], contents: [], members: undefined }
  }
  const isNew = change === 'create'
  const made = isNew
    ? [...making.flatMap(({ classes }) => classes), ...rulesSay(making, resource, place, false)]
    : rulesSay(making, resource, place, true)
  const changed = rulesSay(changing, resource, place, !isNew)
  return {
    said: [
      ...made,
      ...(isNew ? changed.filter((each) => GUARDS.has(each)) : changed),
      ...propertiesSay(type, properties, isNew),
      ...namesSay(resource),
      ...unknown,
    ],
    contents: [...new Set(making.flatMap((each) => contained(each).contents))],
    members: membersOf(type, properties),
  }
}
