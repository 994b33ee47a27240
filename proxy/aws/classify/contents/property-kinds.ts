/**
 * Judges properties of resources by their names, for types and properties that no operation's rule covers: templates and
 * Cloud Control write many settings in another way than the service's API (`ExpirationInDays`). A value that is not known
 * yet, such as `{ "Ref": "P" }`, counts as the graver one.
 */
import { type Document, singleText } from '../../protocols/tree.ts'
import { objectsIn } from './found.ts'

interface Kind {
  readonly names: RegExp
  /** Types that the name means this for; every type if absent. */
  readonly types?: RegExp
  /** Tells whether the value is grave. A property that a patch removes is null. */
  readonly isGrave: (value: Document) => boolean
  readonly adds: readonly string[]
  /** True if it is grave only where something is there already. */
  readonly onlyChanges?: true
}

const always = (): boolean => true
const isNotTrue = (value: Document): boolean => !/^(true|enabled?|on|required)$/i.test(singleText(value))
const isNotFalse = (value: Document): boolean => !/^(false|disabled?|off)$/i.test(singleText(value))
const isZero = (value: Document): boolean => !(Number(singleText(value)) >= 1)
/** The longest period that the service keeps things weakens nothing; nobody here knows whether another is longer than before. */
const isBelow =
  (most: number) =>
  (value: Document): boolean =>
    !(Number(singleText(value)) >= most)
const isGone = (value: Document): boolean => value === null

/** Tells whether a setting or one below it is off. */
function hasFalse(value: Document): boolean {
  if (typeof value !== 'object' || value === null) return isNotTrue(value)
  return Object.values(value).some((each) => hasFalse(each))
}

const KINDS: readonly Kind[] = [
  { names: /^Enabled$/, types: /^AWS::KMS::/, isGrave: isNotTrue, adds: ['protection', 'disruptive'] },
  {
    names: /^InternetGatewayBlockMode$/,
    isGrave: (value) => !/^block-bidirectional$/.test(singleText(value)),
    adds: ['protection'],
  },
  {
    names:
      /^(ManagedPolicyArns|Policies|PolicyDocument|PolicyText|ResourcePolicy(Document)?|AssumeRolePolicyDocument|KeyPolicy|RepositoryPolicyText|AccessPolic(y|ies)|AccessPolicyDocument|FileSystemPolicy|InlinePolicy|PermissionsBoundary|SecurityGroup(Ingress|Egress)|Principals?)$/,
    isGrave: always,
    adds: ['permissions'],
  },
  {
    names: /^(PubliclyAccessible|PublicAccess|AnonymousAuthEnabled|EndpointPublicAccess)$/,
    isGrave: isNotFalse,
    adds: ['permissions'],
  },
  {
    names: /^(AuthType|AuthorizationType)$/,
    isGrave: (value) => !/^(AWS_IAM|JWT|CUSTOM|COGNITO_USER_POOLS)$/.test(singleText(value)),
    adds: ['permissions'],
  },
  {
    names: /^AccessControl$/,
    isGrave: (value) => !/^(Private|BucketOwnerFullControl|BucketOwnerRead)$/.test(singleText(value)),
    adds: ['permissions'],
  },
  { names: /^PublicAccessBlockConfiguration$/, isGrave: hasFalse, adds: ['permissions'] },
  {
    names:
      /^(DeletionProtection(Enabled)?|TerminationProtection(Enabled)?|EnableTerminationProtection|DisableApiTermination)$/,
    isGrave: isNotTrue,
    adds: ['protection'],
  },
  {
    names:
      /^(StorageEncrypted|Encrypted|AtRestEncryptionEnabled|TransitEncryptionEnabled|EnforceHTTPS|RequireTLS|EnableKeyRotation|EnableLogFileValidation|IsLogging|IncludeGlobalServiceEvents|PointInTimeRecoveryEnabled|SSEEnabled|EnableIAMDatabaseAuthentication)$/,
    isGrave: isNotTrue,
    adds: ['protection'],
  },
  {
    names: /^(BackupRetentionPeriod|AutomatedSnapshotRetentionPeriod|SnapshotRetentionLimit)$/,
    isGrave: isZero,
    adds: ['protection'],
  },
  {
    names: /^(BackupRetentionPeriod|AutomatedSnapshotRetentionPeriod|SnapshotRetentionLimit)$/,
    isGrave: isBelow(35),
    adds: ['protection'],
    onlyChanges: true,
  },
  {
    names: /^MessageRetentionPeriod$/,
    isGrave: isBelow(1_209_600),
    adds: ['protection', 'destructive'],
    onlyChanges: true,
  },
  {
    names: /^(RetentionPeriodHours|RetentionInDays)$/,
    isGrave: isBelow(3653),
    adds: ['protection', 'destructive'],
    onlyChanges: true,
  },
  { names: /^HttpTokens$/, isGrave: (value) => singleText(value) !== 'required', adds: ['protection'] },
  {
    names:
      /^(BucketEncryption|SSESpecification|EncryptionConfig(uration)?|LoggingConfiguration|VersioningConfiguration|ObjectLockConfiguration|ReplicationConfiguration|PointInTimeRecoverySpecification|KmsKeyId|KmsMasterKeyId|WebACLArn)$/,
    isGrave: isGone,
    adds: ['protection'],
    onlyChanges: true,
  },
  {
    names: /^(ExpirationInDays|ExpirationDate|NoncurrentVersionExpiration(InDays)?|LifecyclePolicyText)$/,
    isGrave: always,
    adds: ['destructive'],
  },
  { names: /^(TimeToLiveSpecification)$/, isGrave: always, adds: ['destructive'], onlyChanges: true },
  {
    names:
      /^(DesiredCapacity|DesiredCount|MaxSize|MaxCapacity|NodeCount|NumberOfNodes|ShardCount|ReservedConcurrentExecutions)$/,
    isGrave: isZero,
    adds: ['destructive'],
    onlyChanges: true,
  },
  {
    names: /^(GlobalSecondaryIndexes|Replicas|ReplicaUpdates|AvailabilityZones|Subnets|SubnetIds)$/,
    isGrave: isGone,
    adds: ['destructive'],
    onlyChanges: true,
  },
]

function* entriesIn(properties: Document): Generator<readonly [string, Document]> {
  for (const each of objectsIn(properties)) yield* Object.entries(each)
}

/** Returns the classes that the properties add, at any depth. `isNew` says that the resource is being made. */
export function propertiesSay(type: string, properties: Document, isNew: boolean): readonly string[] {
  const said = new Set<string>()
  for (const [name, value] of entriesIn(properties)) {
    for (const { names, types, isGrave, adds, onlyChanges } of KINDS) {
      if (types !== undefined && !types.test(type)) continue
      if ((onlyChanges === true && isNew) || !names.test(name) || !isGrave(value)) continue
      for (const each of adds) said.add(each)
    }
  }
  return [...said]
}
