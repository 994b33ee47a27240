/**
 * Lists how AWS services compare names, and under which other names they know one thing (rule S25). Every row says where
 * AWS documents it. The catalogue's generator checks that the resource types exist, and that no service whose model says
 * that it folds names is missing.
 */

/**
 * Maps a service, or one resource type of it (`service:type`, as ARNs have them), to the source that says that the case
 * of its names does not count. Amazon DocumentDB and Neptune have ARNs of `rds`, Lake Formation those of `glue`.
 */
export const FOLDS_CASE: Readonly<Record<string, string>> = {
  rds: 'RDS, DocumentDB and Neptune API, DBInstanceIdentifier and others: "This parameter isn\'t case-sensitive", "stored as a lowercase string"',
  'docdb-elastic': 'DocumentDB Elastic API, clusterName: "This parameter is stored as a lowercase string"',
  elasticache:
    'ElastiCache API, CacheClusterId: "This parameter is not case sensitive", "stored as a lowercase string"',
  memorydb: 'MemoryDB API, ClusterName and SnapshotName: "This value is stored as a lowercase string"',
  dax: 'DAX API, ClusterName: "This parameter is stored as a lowercase string"',
  dms: 'DMS API, ReplicationInstanceIdentifier: "This parameter is stored as a lowercase string"',
  odb: 'Oracle Database@AWS API, clusterName: "The name isn\'t case sensitive"',
  redshift:
    'Redshift API, SnapshotIdentifier: "This parameter isn\'t case sensitive"; ClusterIdentifier: "Alphabetic characters must be lowercase"',
  'redshift-serverless': 'Redshift Serverless API: names of workgroups and namespaces are lowercase',
  glue: 'Glue API, Name of databases and tables: "For Hive compatibility, this is folded to lowercase when it is stored"',
  iam: 'IAM API, UserName, RoleName, GroupName, PolicyName: "Names are not distinguished by case"',
  sagemaker:
    'SageMaker API, EndpointName: "The name is case-insensitive"; ARNs of SageMaker have their names in lowercase',
  'ec2:security-group':
    'EC2 API, CreateSecurityGroup, GroupName: "Names are case-insensitive and must be unique within the VPC"',
}

/**
 * Maps a resource type to the source that says that its names may have a star, which no call of the service takes for
 * any characters. In names of every other type a star counts as any characters: the service refuses it, takes all that
 * fits, or does not say. Keys of S3 objects have stars too; their ARNs have no type.
 */
export const HOLDS_STARS: Readonly<Record<string, string>> = {
  'cloudwatch:alarm':
    'CloudWatch API, PutMetricAlarm, AlarmName: "must contain only UTF-8 characters, and can\'t contain ASCII control characters"',
  'cloudwatch:insight-rule': 'CloudWatch API, PutInsightRule, RuleName: the pattern [\\x20-\\x7E]+',
  'ec2:security-group':
    'EC2 API, CreateSecurityGroup, GroupName: "Valid characters: a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*"',
  'ec2:key-pair': 'EC2 API, CreateKeyPair, KeyName: "Up to 255 ASCII characters"',
  'autoscaling:autoScalingGroup':
    'EC2 Auto Scaling API, AutoScalingGroupName: "any ASCII character 33 to 126 including most punctuation characters"',
  'apigateway:domainnames':
    'API Gateway developer guide, "Wildcard custom domain names": the name of one is *.example.com, beside those of its subdomains',
}

/** Says in which other forms the name of a resource can stand in an ARN. */
export type NameForm =
  /** The service adds a hyphen and this many characters, which calls and ARNs may leave out. */
  | { readonly form: 'suffix'; readonly characters: number }
  /** A version, qualifier or id may follow the name, after this separator; `isId`: it is a UUID or a number. */
  | { readonly form: 'tail'; readonly separator: ':' | '/'; readonly isId?: boolean }
  /** Between the type and the name may stand a path, or the name of a cluster; `only`: no other than this. */
  | { readonly form: 'path'; readonly only?: string }
  /** It has an id that begins with this, and a name. */
  | { readonly form: 'id'; readonly prefix: string }
  /** Its ARN has a UUID, calls give a name. */
  | { readonly form: 'uuid' }
  /** Resources of another type name it. */
  | { readonly form: 'type'; readonly type: string }

export interface OtherNames {
  readonly forms: readonly NameForm[]
  readonly source: string
  /** Says what to write in a rule, for `moderato config check`. */
  readonly write: string
}

const TAIL = { form: 'tail', separator: ':' } as const
const ID_TAIL = { form: 'tail', separator: '/', isId: true } as const
const NUMBER_TAIL = { form: 'tail', separator: ':', isId: true } as const
const PATH: readonly NameForm[] = [{ form: 'path' }]
const BY_NAME = 'write the name without its path: AWS calls it by that'

function idOrName(prefix: string): OtherNames {
  return {
    forms: [{ form: 'id', prefix }],
    source: `EC2 API: calls name it by id (${prefix}...) or by name`,
    write: `write its id (${prefix}...), as its ARN has it, or * for all of them`,
  }
}

function namedNotById(service: string, form: NameForm, example: string): OtherNames {
  return {
    forms: [form],
    source: `${service} API: calls give its name, its ARN has an id (${example})`,
    write: 'write its name: calls give that, and Moderato sees no other',
  }
}

const UUID = '1a2b3c4d-...'
const LIGHTSAIL = namedNotById('Lightsail', { form: 'uuid' }, UUID)
const SERVERLESS = namedNotById('Redshift Serverless', { form: 'uuid' }, UUID)

function versioned(source: string, write: string, form: NameForm = TAIL): OtherNames {
  return { forms: [form], source, write }
}

/** Maps a resource type (`service:type`, as ARNs have them) to its other names. */
export const OTHER_NAMES: Readonly<Record<string, OtherNames>> = {
  'secretsmanager:secret': {
    forms: [{ form: 'suffix', characters: 6 }],
    source:
      'Secrets Manager user guide: the ARN ends in a hyphen and six random characters; calls may give the name or the ARN without them',
    write: 'write the name of the secret without a hyphen and six characters after it, or end it with *',
  },
  'ec2:launch-template': idOrName('lt-'),
  'ec2:security-group': idOrName('sg-'),
  'ec2:key-pair': idOrName('key-'),
  'ec2:placement-group': idOrName('pg-'),
  'kms:key': {
    forms: [{ form: 'type', type: 'alias' }],
    source: 'KMS API, KeyId: a key id, a key ARN, an alias name or an alias ARN',
    write: 'write the ARN of the key (key/...)',
  },
  'kms:alias': {
    forms: [{ form: 'type', type: 'key' }],
    source: 'KMS API, KeyId: a key id, a key ARN, an alias name or an alias ARN',
    write: 'write the ARN of the key (key/...)',
  },
  'lambda:function': versioned(
    'Lambda API, FunctionName: a version or alias may follow the name after a colon, or stand in Qualifier',
    'end it with * to name all versions and aliases',
  ),
  'states:stateMachine': versioned(
    'Step Functions API, stateMachineArn: a version or alias may follow the name after a colon',
    'end it with * to name all versions and aliases',
  ),
  'logs:log-group': versioned(
    'CloudWatch Logs user guide: the ARN of a log group is used with and without a trailing :*',
    'end it with * to name the group with and without :*, and its streams',
  ),
  'ecs:task-definition': versioned(
    'ECS API, taskDefinition: family, family:revision or ARN',
    'end it with :* to name all revisions',
    NUMBER_TAIL,
  ),
  'batch:job-definition': versioned(
    'Batch API, jobDefinition: name, name:revision or ARN',
    'end it with * to name all revisions',
    NUMBER_TAIL,
  ),
  'cloudformation:stack': {
    forms: [ID_TAIL],
    source: 'CloudFormation API, StackName: the name, or the stack id, an ARN that ends in /UUID',
    write: 'write stack/NAME/* to name it whatever its id',
  },
  'cloudformation:changeSet': {
    forms: [ID_TAIL],
    source: 'CloudFormation API, ChangeSetName: the name, or an ARN that ends in /UUID',
    write: 'write changeSet/NAME/* to name it whatever its id',
  },
  'cloudformation:stackset': {
    forms: [{ ...ID_TAIL, separator: ':' }],
    source: 'CloudFormation API, StackSetName: the name, or the id, which is the name and :UUID',
    write: 'write stackset/NAME:* to name it whatever its id',
  },
  'iam:role': {
    forms: PATH,
    source: 'IAM API, RoleName: the friendly name without the path of the ARN',
    write: BY_NAME,
  },
  'iam:user': {
    forms: PATH,
    source: 'IAM API, UserName: the friendly name without the path of the ARN',
    write: BY_NAME,
  },
  'iam:group': {
    forms: PATH,
    source: 'IAM API, GroupName: the friendly name without the path of the ARN',
    write: BY_NAME,
  },
  'iam:instance-profile': {
    forms: PATH,
    source: 'IAM API, InstanceProfileName: the friendly name without the path of the ARN',
    write: BY_NAME,
  },
  'iam:server-certificate': {
    forms: PATH,
    source: 'IAM API, ServerCertificateName: the friendly name without the path of the ARN',
    write: BY_NAME,
  },
  'ecs:service': {
    forms: PATH,
    source: 'ECS developer guide, ARN formats: service/NAME, since 2018 service/CLUSTER/NAME',
    write: 'write service/CLUSTER/NAME',
  },
  'events:rule': {
    forms: [{ form: 'path', only: 'default' }],
    source: 'EventBridge user guide: rule/NAME on the default bus, rule/BUS/NAME on others',
    write: 'write rule/NAME for the default bus, rule/BUS/NAME for others',
  },
  'lightsail:Alarm': LIGHTSAIL,
  'lightsail:Bucket': LIGHTSAIL,
  'lightsail:Certificate': LIGHTSAIL,
  'lightsail:ContainerService': LIGHTSAIL,
  'lightsail:Disk': LIGHTSAIL,
  'lightsail:DiskSnapshot': LIGHTSAIL,
  'lightsail:Distribution': LIGHTSAIL,
  'lightsail:Domain': LIGHTSAIL,
  'lightsail:Instance': LIGHTSAIL,
  'lightsail:InstanceSnapshot': LIGHTSAIL,
  'lightsail:KeyPair': LIGHTSAIL,
  'lightsail:LoadBalancer': LIGHTSAIL,
  'lightsail:RelationalDatabase': LIGHTSAIL,
  'lightsail:RelationalDatabaseSnapshot': LIGHTSAIL,
  'lightsail:StaticIp': LIGHTSAIL,
  'redshift-serverless:managedvpcendpoint': SERVERLESS,
  'redshift-serverless:namespace': SERVERLESS,
  'redshift-serverless:snapshot': SERVERLESS,
  'redshift-serverless:workgroup': SERVERLESS,
  'config:config-rule': namedNotById('Config', { form: 'id', prefix: 'config-rule-' }, 'config-rule-...'),
  'config:config-aggregator': namedNotById(
    'Config',
    { form: 'id', prefix: 'config-aggregator-' },
    'config-aggregator-...',
  ),
  'rds:db-proxy': namedNotById('RDS', { form: 'id', prefix: 'prx-' }, 'prx-...'),
  'rds:db-proxy-endpoint': namedNotById('RDS', { form: 'id', prefix: 'prx-endpoint-' }, 'prx-endpoint-...'),
  'rds:target-group': namedNotById('RDS', { form: 'id', prefix: 'prx-tg-' }, 'prx-tg-...'),
}
