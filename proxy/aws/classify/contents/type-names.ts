/** Finds the operations of the API behind CloudFormation's names of resource types. */
import type { Catalogue, Operation } from '../../catalogue/types.ts'

/** Maps CloudFormation's name of a service to the catalogue's, where it is none of those that an SDK uses. */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  AmazonMQ: ['mq'],
  ApiGateway: ['apigateway', 'apigatewayv2'],
  APS: ['amp'],
  ARCZonalShift: ['arc-zonal-shift'],
  Bedrock: ['bedrock', 'bedrock-agent', 'bedrock-data-automation'],
  BedrockAgentCore: ['bedrock-agentcore-control'],
  Cassandra: ['keyspaces'],
  CertificateManager: ['acm'],
  Cognito: ['cognito-idp', 'cognito-identity'],
  ComputeOptimizer: ['compute-optimizer-automation'],
  Elasticsearch: ['es'],
  EventSchemas: ['schemas'],
  EventsV2: ['eventbridgev2'],
  FMS: ['fms'],
  InspectorV2: ['inspector2'],
  IoTCoreDeviceAdvisor: ['iotdeviceadvisor'],
  KinesisFirehose: ['firehose'],
  MSK: ['kafka'],
  Macie: ['macie2'],
  MediaPackage: ['mediapackage', 'mediapackage-vod'],
  OpenSearchService: ['opensearch'],
  QLDB: ['qldb'],
  Route53RecoveryControl: ['route53-recovery-control-config'],
  S3: ['s3', 's3control'],
  S3Express: ['s3', 's3control'],
  S3ObjectLambda: ['s3control'],
  S3Outposts: ['s3control', 's3outposts'],
  SES: ['ses', 'sesv2', 'mailmanager'],
  SSO: ['sso-admin'],
  ServiceCatalogAppRegistry: ['servicecatalog-appregistry'],
  SystemsManagerSAP: ['ssm-sap'],
  Timestream: ['timestream-write', 'timestream-query', 'timestream-influxdb'],
  WAFRegional: ['waf-regional'],
  WorkSpaces: ['workspaces'],
  XRay: ['xray'],
}

/** Maps types whose operations have another noun: `service.Operation`. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  'AWS::AutoScaling::ScheduledAction': ['autoscaling.PutScheduledUpdateGroupAction'],
  'AWS::CloudWatch::Alarm': ['cloudwatch.PutMetricAlarm'],
  'AWS::Config::RemediationConfiguration': ['config.PutRemediationConfigurations'],
  'AWS::EC2::EC2Fleet': ['ec2.CreateFleet', 'ec2.ModifyFleet'],
  'AWS::EC2::EIP': ['ec2.AllocateAddress'],
  'AWS::EC2::EIPAssociation': ['ec2.AssociateAddress'],
  'AWS::EC2::FlowLog': ['ec2.CreateFlowLogs'],
  'AWS::EC2::Host': ['ec2.AllocateHosts'],
  'AWS::EC2::Instance': ['ec2.RunInstances', 'ec2.ModifyInstanceAttribute'],
  'AWS::EC2::NetworkInterfaceAttachment': ['ec2.AttachNetworkInterface'],
  'AWS::EC2::PrefixList': ['ec2.CreateManagedPrefixList', 'ec2.ModifyManagedPrefixList'],
  'AWS::EC2::SubnetNetworkAclAssociation': ['ec2.ReplaceNetworkAclAssociation'],
  'AWS::EC2::SubnetRouteTableAssociation': ['ec2.AssociateRouteTable'],
  'AWS::EC2::GatewayRouteTableAssociation': ['ec2.AssociateRouteTable'],
  'AWS::EC2::VPCBlockPublicAccessOptions': ['ec2.ModifyVpcBlockPublicAccessOptions'],
  'AWS::EC2::VPCDHCPOptionsAssociation': ['ec2.AssociateDhcpOptions'],
  'AWS::EC2::VPCEndpointService': ['ec2.CreateVpcEndpointServiceConfiguration'],
  'AWS::EC2::VPCEndpointServicePermissions': ['ec2.ModifyVpcEndpointServicePermissions'],
  'AWS::EC2::VPCGatewayAttachment': ['ec2.AttachInternetGateway'],
  'AWS::EC2::VolumeAttachment': ['ec2.AttachVolume'],
  'AWS::ECR::PublicRepository': ['ecr-public.CreateRepository', 'ecr-public.SetRepositoryPolicy'],
  'AWS::EMR::Cluster': ['emr.RunJobFlow'],
  'AWS::EMR::InstanceGroupConfig': ['emr.AddInstanceGroups'],
  'AWS::EMR::Step': ['emr.AddJobFlowSteps'],
  'AWS::ElastiCache::SecurityGroupIngress': ['elasticache.AuthorizeCacheSecurityGroupIngress'],
  'AWS::ElasticLoadBalancingV2::ListenerCertificate': ['elbv2.AddListenerCertificates'],
  'AWS::ElasticLoadBalancingV2::ListenerRule': ['elbv2.CreateRule', 'elbv2.ModifyRule'],
  'AWS::Events::EventBusPolicy': ['events.PutPermission'],
  'AWS::Events::Rule': ['events.PutRule', 'events.PutTargets'],
  'AWS::GuardDuty::Master': ['guardduty.AcceptAdministratorInvitation'],
  'AWS::GuardDuty::Member': ['guardduty.CreateMembers'],
  'AWS::IAM::ManagedPolicy': ['iam.CreatePolicy', 'iam.CreatePolicyVersion'],
  'AWS::IAM::OIDCProvider': ['iam.CreateOpenIDConnectProvider'],
  'AWS::IAM::ServerCertificate': ['iam.UploadServerCertificate'],
  'AWS::IAM::UserToGroupAddition': ['iam.AddUserToGroup'],
  'AWS::IVS::PlaybackKeyPair': ['ivs.ImportPlaybackKeyPair'],
  'AWS::KMS::ReplicaKey': ['kms.ReplicateKey'],
  'AWS::Lambda::EventInvokeConfig': ['lambda.PutFunctionEventInvokeConfig'],
  'AWS::Lambda::LayerVersion': ['lambda.PublishLayerVersion'],
  'AWS::Lambda::Url': ['lambda.CreateFunctionUrlConfig'],
  'AWS::Lambda::Version': ['lambda.PublishVersion'],
  'AWS::MSK::BatchScramSecret': ['kafka.BatchAssociateScramSecret'],
  'AWS::Macie::Session': ['macie2.EnableMacie', 'macie2.UpdateMacieSession'],
  'AWS::NetworkFirewall::LoggingConfiguration': ['network-firewall.UpdateLoggingConfiguration'],
  'AWS::RDS::DBProxyTargetGroup': ['rds.RegisterDBProxyTargets'],
  'AWS::Redshift::EndpointAuthorization': ['redshift.AuthorizeEndpointAccess'],
  'AWS::Route53::DNSSEC': ['route53.EnableHostedZoneDNSSEC'],
  'AWS::Route53::RecordSet': ['route53.ChangeResourceRecordSets'],
  'AWS::Route53::RecordSetGroup': ['route53.ChangeResourceRecordSets'],
  'AWS::S3::StorageLens': ['s3control.PutStorageLensConfiguration'],
  'AWS::SNS::Subscription': ['sns.Subscribe'],
  'AWS::SNS::TopicInlinePolicy': ['sns.AddPermission'],
  'AWS::SNS::TopicPolicy': ['sns.AddPermission'],
  'AWS::SQS::QueueInlinePolicy': ['sqs.AddPermission'],
  'AWS::SQS::QueuePolicy': ['sqs.AddPermission'],
  'AWS::SSM::MaintenanceWindowTarget': ['ssm.RegisterTargetWithMaintenanceWindow'],
  'AWS::SSM::MaintenanceWindowTask': ['ssm.RegisterTaskWithMaintenanceWindow'],
  'AWS::SSM::ServiceSetting': ['ssm.UpdateServiceSetting'],
  'AWS::SSO::Assignment': ['sso-admin.CreateAccountAssignment'],
  'AWS::SecretsManager::RotationSchedule': ['secretsmanager.RotateSecret'],
  'AWS::SecurityHub::DelegatedAdmin': ['securityhub.EnableOrganizationAdminAccount'],
  'AWS::SecurityHub::Hub': ['securityhub.EnableSecurityHub'],
  'AWS::SecurityHub::HubV2': ['securityhub.EnableSecurityHubV2'],
  'AWS::SecurityHub::Standard': ['securityhub.BatchEnableStandards'],
  'AWS::ServiceCatalog::CloudFormationProvisionedProduct': ['servicecatalog.ProvisionProduct'],
  'AWS::Shield::DRTAccess': ['shield.AssociateDRTRole'],
  'AWS::StepFunctions::StateMachineVersion': ['stepfunctions.PublishStateMachineVersion'],
  'AWS::WAFRegional::WebACLAssociation': ['waf-regional.AssociateWebACL'],
  'AWS::WAFv2::WebACLAssociation': ['wafv2.AssociateWebACL'],
  'AWS::WorkSpaces::Workspace': ['workspaces.CreateWorkspaces'],
}

/** Lists types that exist only in CloudFormation and do nothing in any service. */
const PASSIVE: ReadonlySet<string> = new Set([
  'AWS::CloudFormation::WaitConditionHandle',
  'AWS::CDK::Metadata',
  'AWS::SecretsManager::SecretTargetAttachment',
])

/** Lists the verbs with which services make what CloudFormation names by a noun. */
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
  'Allocate',
  'Import',
  'Upload',
  'Publish',
  'Start',
  'Provision',
]
const CHANGING = ['Update', 'Modify', 'Put', 'Set']
const DELETING = [
  'Delete',
  'Terminate',
  'Remove',
  'Deregister',
  'Detach',
  'Disassociate',
  'Revoke',
  'Disable',
  'Release',
]

const NAME = /^AWS::(\w+)::(\w+)$/
/** Matches nouns made of a verb: `RuleGroupAssociation` comes of `AssociateRuleGroup`. */
const FROM_VERB = /(Association|Attachment|Assignment|Configuration|Config|Addition)$/

/** Holds the operations behind a type. */
export interface TypeOperations {
  readonly making: readonly Operation[]
  readonly changing: readonly Operation[]
  readonly deleting: readonly Operation[]
  /** False if no operation could be found, so that nobody knows what such a resource does. */
  readonly isKnown: boolean
}

/** More types than CloudFormation has; the names are the agent's text. */
const MAX_KNOWN = 4000
const known = new WeakMap<Catalogue, Map<string, TypeOperations>>()

function byKey(catalogue: Catalogue, key: string): readonly Operation[] {
  const dot = key.indexOf('.')
  const operation = catalogue.service(key.slice(0, dot))?.operation(key.slice(dot + 1))
  return operation === undefined ? [] : [operation]
}

function find(type: string, catalogue: Catalogue): TypeOperations {
  const [, service = '', noun = ''] = NAME.exec(type) ?? []
  const services = Object.hasOwn(SERVICES, service) ? (SERVICES[service] ?? []) : [service]
  const nouns = noun === '' ? [] : [noun, noun.replace(FROM_VERB, ''), `${noun}s`]
  const named = (verbs: readonly string[], all: readonly string[]) =>
    services.flatMap((each) =>
      all.flatMap((what) => verbs.flatMap((verb) => catalogue.named(each, verb + what))),
    )
  const byHand = (Object.hasOwn(NAMED, type) ? (NAMED[type] ?? []) : []).flatMap((key) =>
    byKey(catalogue, key),
  )
  const exact = named(MAKING, nouns.slice(0, 1))
  // Looser names only where the exact noun is no operation's.
  const making = byHand.length > 0 ? byHand : exact.length > 0 ? exact : named(MAKING, nouns.slice(1))
  const changing = [...byHand, ...named(CHANGING, nouns.slice(0, 1))]
  const deleting = named(DELETING, nouns.slice(0, 2))
  return { making, changing, deleting, isKnown: making.length > 0 || PASSIVE.has(type) }
}

/** Returns the operations of the API that make, change and delete resources of a type; found once for each. */
export function operationsOfType(type: string, catalogue: Catalogue): TypeOperations {
  const types = known.get(catalogue) ?? new Map<string, TypeOperations>()
  known.set(catalogue, types)
  const before = types.get(type)
  if (before !== undefined) return before
  const found = find(type, catalogue)
  if (types.size < MAX_KNOWN) types.set(type, found)
  return found
}
