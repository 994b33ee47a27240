/**
 * The calls with which Terraform's AWS provider (hashicorp/terraform-provider-aws, `internal/service`) reads a resource
 * again: what each type's Read function and its waiters, tags and finders ask. `service: operations` by type.
 */
export const TERRAFORM_READS: Readonly<Record<string, string>> = {
  provider: 'sts.GetCallerIdentity ec2.DescribeAccountAttributes ec2.DescribeRegions iam.ListAccountAliases',
  aws_acm_certificate: 'acm.DescribeCertificate acm.ListTagsForCertificate',
  aws_acmpca_certificate_authority:
    'acm-pca.DescribeCertificateAuthority acm-pca.GetCertificateAuthorityCertificate acm-pca.GetCertificateAuthorityCsr acm-pca.ListTags',
  aws_ami: 'ec2.DescribeImages ec2.DescribeImageAttribute',
  aws_amplify_app: 'amplify.GetApp amplify.ListTagsForResource',
  aws_api_gateway_api_key: 'apigateway.GetApiKey',
  aws_api_gateway_rest_api:
    'apigateway.GetRestApi apigateway.GetResources apigateway.GetResource apigateway.GetMethod apigateway.GetIntegration apigateway.GetStage apigateway.GetDeployment apigateway.GetTags',
  aws_apigatewayv2_api:
    'apigatewayv2.GetApi apigatewayv2.GetStage apigatewayv2.GetRoute apigatewayv2.GetIntegration apigatewayv2.GetTags',
  aws_appautoscaling_policy:
    'application-autoscaling.DescribeScalingPolicies application-autoscaling.DescribeScalableTargets application-autoscaling.DescribeScheduledActions application-autoscaling.ListTagsForResource',
  aws_apprunner_service: 'apprunner.DescribeService apprunner.ListTagsForResource',
  aws_appsync_graphql_api:
    'appsync.GetGraphqlApi appsync.GetSchemaCreationStatus appsync.GetIntrospectionSchema appsync.GetDataSource appsync.GetResolver',
  aws_appsync_api_key: 'appsync.ListApiKeys',
  aws_athena_workgroup: 'athena.GetWorkGroup athena.GetNamedQuery athena.ListTagsForResource',
  aws_autoscaling_group:
    'autoscaling.DescribeAutoScalingGroups autoscaling.DescribeLaunchConfigurations autoscaling.DescribePolicies autoscaling.DescribeLifecycleHooks autoscaling.DescribeScheduledActions autoscaling.DescribeWarmPool autoscaling.DescribeTags autoscaling.DescribeScalingActivities autoscaling.DescribeInstanceRefreshes',
  aws_backup_plan:
    'backup.GetBackupPlan backup.GetBackupSelection backup.DescribeBackupVault backup.GetBackupVaultAccessPolicy backup.GetBackupVaultNotifications backup.ListTags',
  aws_batch_job_definition:
    'batch.DescribeJobDefinitions batch.DescribeComputeEnvironments batch.DescribeJobQueues batch.ListTagsForResource',
  aws_cloudformation_stack:
    'cloudformation.DescribeStacks cloudformation.GetTemplate cloudformation.DescribeStackSet cloudformation.DescribeStackInstance cloudformation.ListStackInstances',
  aws_cloudfront_distribution:
    'cloudfront.GetDistribution cloudfront.GetDistributionConfig cloudfront.GetCachePolicy cloudfront.GetFunction cloudfront.DescribeFunction cloudfront.GetOriginAccessControl cloudfront.GetCloudFrontOriginAccessIdentity cloudfront.GetPublicKey cloudfront.GetKeyGroup cloudfront.ListTagsForResource',
  aws_cloudtrail:
    'cloudtrail.DescribeTrails cloudtrail.GetTrailStatus cloudtrail.GetEventSelectors cloudtrail.GetInsightSelectors cloudtrail.ListTags cloudtrail.GetEventDataStore',
  aws_cloudwatch_event_rule:
    'events.DescribeRule events.ListTargetsByRule events.DescribeEventBus events.DescribeArchive events.DescribeConnection events.DescribeApiDestination events.ListTagsForResource',
  aws_cloudwatch_log_group:
    'logs.DescribeLogGroups logs.DescribeLogStreams logs.DescribeSubscriptionFilters logs.DescribeMetricFilters logs.DescribeResourcePolicies logs.DescribeDestinations logs.GetDataProtectionPolicy logs.ListTagsForResource logs.ListTagsLogGroup',
  aws_cloudwatch_metric_alarm:
    'cloudwatch.DescribeAlarms cloudwatch.GetDashboard cloudwatch.ListTagsForResource cloudwatch.GetMetricStream',
  aws_codebuild_project:
    'codebuild.BatchGetProjects codebuild.ListSourceCredentials codebuild.BatchGetReportGroups codebuild.GetResourcePolicy',
  aws_codecommit_repository:
    'codecommit.GetRepository codecommit.GetRepositoryTriggers codecommit.ListTagsForResource',
  aws_codedeploy_app:
    'codedeploy.GetApplication codedeploy.GetDeploymentGroup codedeploy.GetDeploymentConfig codedeploy.ListTagsForResource',
  aws_codepipeline: 'codepipeline.GetPipeline codepipeline.ListTagsForResource codepipeline.ListWebhooks',
  aws_cognito_user_pool:
    'cognito-idp.DescribeUserPool cognito-idp.GetUserPoolMfaConfig cognito-idp.DescribeUserPoolClient cognito-idp.DescribeUserPoolDomain cognito-idp.DescribeIdentityProvider cognito-idp.DescribeResourceServer cognito-idp.GetGroup cognito-idp.GetUICustomization cognito-idp.DescribeRiskConfiguration cognito-idp.ListTagsForResource',
  aws_cognito_identity_pool: 'cognito-identity.DescribeIdentityPool cognito-identity.GetIdentityPoolRoles',
  aws_config_config_rule:
    'config.DescribeConfigRules config.DescribeConfigurationRecorders config.DescribeConfigurationRecorderStatus config.DescribeDeliveryChannels config.DescribeRemediationConfigurations config.DescribeConformancePacks config.ListTagsForResource',
  aws_customer_gateway: 'ec2.DescribeCustomerGateways ec2.DescribeVpnGateways',
  aws_db_instance:
    'rds.DescribeDBInstances rds.DescribeDBParameterGroups rds.DescribeDBParameters rds.DescribeDBSubnetGroups rds.DescribeOptionGroups rds.DescribeDBClusters rds.DescribeDBClusterParameterGroups rds.DescribeDBClusterParameters rds.DescribeDBSnapshots rds.DescribeDBProxies rds.DescribeEventSubscriptions rds.DescribeGlobalClusters rds.ListTagsForResource',
  aws_dms_endpoint:
    'dms.DescribeEndpoints dms.DescribeReplicationInstances dms.DescribeReplicationTasks dms.ListTagsForResource',
  aws_docdb_cluster: 'docdb.DescribeDBClusters docdb.DescribeDBInstances docdb.ListTagsForResource',
  aws_dx_connection:
    'directconnect.DescribeConnections directconnect.DescribeVirtualInterfaces directconnect.DescribeDirectConnectGateways directconnect.DescribeTags',
  aws_dynamodb_table:
    'dynamodb.DescribeTable dynamodb.DescribeContinuousBackups dynamodb.DescribeTimeToLive dynamodb.ListTagsOfResource dynamodb.DescribeKinesisStreamingDestination dynamodb.DescribeContributorInsights dynamodb.GetResourcePolicy dynamodb.GetItem',
  aws_ebs_volume: 'ec2.DescribeVolumes ec2.DescribeSnapshots ec2.DescribeVolumesModifications',
  aws_ecr_repository:
    'ecr.DescribeRepositories ecr.GetRepositoryPolicy ecr.GetLifecyclePolicy ecr.GetRegistryPolicy ecr.DescribeRegistry ecr.ListTagsForResource ecr.DescribeImages',
  aws_ecs_service:
    'ecs.DescribeServices ecs.DescribeTaskDefinition ecs.DescribeClusters ecs.DescribeCapacityProviders ecs.ListTagsForResource ecs.DescribeTaskSets',
  aws_efs_file_system:
    'efs.DescribeFileSystems efs.DescribeLifecycleConfiguration efs.DescribeMountTargets efs.DescribeMountTargetSecurityGroups efs.DescribeAccessPoints efs.DescribeBackupPolicy efs.DescribeFileSystemPolicy efs.DescribeReplicationConfigurations',
  aws_eip: 'ec2.DescribeAddresses ec2.DescribeAddressesAttribute',
  aws_eks_cluster:
    'eks.DescribeCluster eks.DescribeNodegroup eks.DescribeAddon eks.DescribeFargateProfile eks.DescribeIdentityProviderConfig eks.DescribeAccessEntry eks.ListAssociatedAccessPolicies eks.DescribePodIdentityAssociation eks.DescribeUpdate',
  aws_elastic_beanstalk_environment:
    'elasticbeanstalk.DescribeEnvironments elasticbeanstalk.DescribeConfigurationSettings elasticbeanstalk.DescribeEnvironmentResources elasticbeanstalk.DescribeApplications elasticbeanstalk.ListTagsForResource',
  aws_elasticache_replication_group:
    'elasticache.DescribeReplicationGroups elasticache.DescribeCacheClusters elasticache.DescribeCacheParameterGroups elasticache.DescribeCacheParameters elasticache.DescribeCacheSubnetGroups elasticache.DescribeUsers elasticache.DescribeUserGroups elasticache.ListTagsForResource',
  aws_elb:
    'elb.DescribeLoadBalancers elb.DescribeLoadBalancerAttributes elb.DescribeLoadBalancerPolicies elb.DescribeTags elb.DescribeInstanceHealth',
  aws_emr_cluster:
    'emr.DescribeCluster emr.ListInstanceGroups emr.ListBootstrapActions emr.ListInstanceFleets emr.ListSteps emr.GetAutoTerminationPolicy emr.DescribeSecurityConfiguration',
  aws_flow_log: 'ec2.DescribeFlowLogs',
  aws_fsx_lustre_file_system:
    'fsx.DescribeFileSystems fsx.ListTagsForResource fsx.DescribeVolumes fsx.DescribeBackups',
  aws_globalaccelerator_accelerator:
    'globalaccelerator.DescribeAccelerator globalaccelerator.DescribeAcceleratorAttributes globalaccelerator.DescribeListener globalaccelerator.DescribeEndpointGroup globalaccelerator.ListTagsForResource',
  aws_glue_job:
    'glue.GetJob glue.GetDatabase glue.GetTable glue.GetCrawler glue.GetTrigger glue.GetConnection glue.GetTags glue.GetPartitionIndexes glue.GetWorkflow glue.GetSecurityConfiguration',
  aws_guardduty_detector:
    'guardduty.GetDetector guardduty.GetFilter guardduty.GetIPSet guardduty.ListPublishingDestinations guardduty.DescribePublishingDestination guardduty.GetMembers',
  aws_iam_role:
    'iam.GetRole iam.ListRolePolicies iam.GetRolePolicy iam.ListAttachedRolePolicies iam.GetPolicy iam.GetPolicyVersion iam.ListPolicyVersions iam.GetInstanceProfile iam.ListInstanceProfilesForRole iam.ListRoleTags iam.GetOpenIDConnectProvider iam.GetSAMLProvider iam.GetServerCertificate iam.GetAccountPasswordPolicy',
  aws_iam_user:
    'iam.GetUser iam.GetUserPolicy iam.ListAttachedUserPolicies iam.ListAccessKeys iam.ListGroupsForUser iam.GetLoginProfile iam.GetGroup iam.GetGroupPolicy iam.ListAttachedGroupPolicies iam.GetSSHPublicKey iam.ListSigningCertificates iam.ListMFADevices iam.ListServiceSpecificCredentials',
  aws_instance:
    'ec2.DescribeInstances ec2.DescribeInstanceAttribute ec2.DescribeInstanceTypes ec2.DescribeInstanceCreditSpecifications ec2.DescribeIamInstanceProfileAssociations ec2.DescribeTags ec2.DescribeKeyPairs ec2.DescribePlacementGroups ec2.DescribeSpotInstanceRequests ec2.DescribeInstanceStatus',
  aws_iot_thing:
    'iot.DescribeThing iot.GetPolicy iot.DescribeCertificate iot.GetTopicRule iot.DescribeEndpoint iot.GetRegistrationCode',
  aws_ivs_channel: 'ivs.GetChannel ivs.ListTagsForResource',
  aws_kinesis_firehose_delivery_stream: 'firehose.DescribeDeliveryStream firehose.ListTagsForDeliveryStream',
  aws_kinesis_stream:
    'kinesis.DescribeStreamSummary kinesis.DescribeStream kinesis.ListShards kinesis.ListTagsForStream kinesis.DescribeStreamConsumer',
  aws_kms_key:
    'kms.DescribeKey kms.GetKeyPolicy kms.GetKeyRotationStatus kms.ListResourceTags kms.ListAliases kms.ListGrants kms.ListKeyPolicies kms.GetPublicKey',
  aws_lambda_function:
    'lambda.GetFunction lambda.GetFunctionConfiguration lambda.ListVersionsByFunction lambda.GetFunctionCodeSigningConfig lambda.GetPolicy lambda.GetAlias lambda.GetEventSourceMapping lambda.GetFunctionConcurrency lambda.GetFunctionEventInvokeConfig lambda.GetFunctionUrlConfig lambda.GetProvisionedConcurrencyConfig lambda.ListTags',
  aws_lambda_layer_version: 'lambda.GetLayerVersion lambda.GetLayerVersionPolicy',
  aws_launch_template: 'ec2.DescribeLaunchTemplates ec2.DescribeLaunchTemplateVersions',
  aws_lb:
    'elbv2.DescribeLoadBalancers elbv2.DescribeLoadBalancerAttributes elbv2.DescribeListeners elbv2.DescribeListenerAttributes elbv2.DescribeListenerCertificates elbv2.DescribeRules elbv2.DescribeTargetGroups elbv2.DescribeTargetGroupAttributes elbv2.DescribeTargetHealth elbv2.DescribeCapacityReservation elbv2.DescribeTags',
  aws_media_package_channel: 'mediapackage.DescribeChannel mediapackage.ListTagsForResource',
  aws_mq_broker:
    'mq.DescribeBroker mq.DescribeUser mq.DescribeConfiguration mq.DescribeConfigurationRevision',
  aws_msk_cluster:
    'kafka.DescribeClusterV2 kafka.DescribeCluster kafka.GetBootstrapBrokers kafka.DescribeConfiguration kafka.ListScramSecrets kafka.ListTagsForResource',
  aws_nat_gateway:
    'ec2.DescribeNatGateways ec2.DescribeInternetGateways ec2.DescribeEgressOnlyInternetGateways ec2.DescribeRouteTables ec2.DescribeNetworkAcls ec2.DescribeDhcpOptions ec2.DescribeNetworkInterfaces ec2.DescribeManagedPrefixLists ec2.GetManagedPrefixListEntries ec2.DescribePrefixLists',
  aws_opensearch_domain:
    'opensearch.DescribeDomain opensearch.DescribeDomainConfig opensearch.ListTags opensearch.DescribeDomainAutoTunes opensearchserverless.BatchGetCollection',
  aws_organizations_account:
    'organizations.DescribeOrganization organizations.ListAccounts organizations.DescribeAccount organizations.ListRoots organizations.DescribePolicy organizations.ListTagsForResource organizations.ListParents organizations.ListAWSServiceAccessForOrganization organizations.ListDelegatedAdministrators organizations.ListPoliciesForTarget',
  aws_ram_resource_share:
    'ram.GetResourceShares ram.GetResourceShareAssociations ram.ListResourceSharePermissions ram.ListResources',
  aws_redshift_cluster:
    'redshift.DescribeClusters redshift.DescribeLoggingStatus redshift.DescribeClusterParameterGroups redshift.DescribeClusterParameters redshift.DescribeClusterSubnetGroups redshift.DescribeSnapshotCopyGrants',
  aws_redshiftserverless_workgroup:
    'redshift-serverless.GetWorkgroup redshift-serverless.GetNamespace redshift-serverless.ListTagsForResource',
  aws_route53_record:
    'route53.ListResourceRecordSets route53.GetHostedZone route53.ListTagsForResource route53.GetHealthCheck route53.GetChange route53.ListVPCAssociationAuthorizations route53.GetDNSSEC route53.ListHostedZonesByVPC route53.GetQueryLoggingConfig',
  aws_route53_resolver_rule:
    'route53resolver.GetResolverRule route53resolver.GetResolverEndpoint route53resolver.ListResolverEndpointIpAddresses route53resolver.GetResolverRuleAssociation route53resolver.ListTagsForResource',
  aws_s3_bucket:
    's3.HeadBucket s3.GetBucketPolicy s3.GetBucketAcl s3.GetBucketCors s3.GetBucketWebsite s3.GetBucketVersioning s3.GetBucketAccelerateConfiguration s3.GetBucketRequestPayment s3.GetBucketLogging s3.GetBucketLifecycleConfiguration s3.GetBucketReplication s3.GetBucketEncryption s3.GetObjectLockConfiguration s3.GetBucketLocation s3.GetBucketTagging s3.GetPublicAccessBlock s3.GetBucketOwnershipControls s3.GetBucketNotificationConfiguration s3.GetBucketPolicyStatus s3.GetBucketIntelligentTieringConfiguration s3.GetBucketAnalyticsConfiguration s3.GetBucketInventoryConfiguration s3.GetBucketMetricsConfiguration',
  aws_s3_object:
    's3.HeadObject s3.GetObject s3.GetObjectTagging s3.GetObjectAcl s3.ListObjectsV2 s3.GetObjectAttributes',
  aws_s3control_access_point:
    's3control.GetAccessPoint s3control.GetAccessPointPolicy s3control.GetPublicAccessBlock s3control.ListTagsForResource',
  aws_sagemaker_endpoint:
    'sagemaker.DescribeEndpoint sagemaker.DescribeEndpointConfig sagemaker.DescribeModel sagemaker.DescribeNotebookInstance sagemaker.DescribeDomain sagemaker.ListTags',
  aws_scheduler_schedule: 'scheduler.GetSchedule scheduler.GetScheduleGroup scheduler.ListTagsForResource',
  aws_secretsmanager_secret:
    'secretsmanager.DescribeSecret secretsmanager.GetResourcePolicy secretsmanager.GetSecretValue secretsmanager.ListSecretVersionIds',
  aws_security_group:
    'ec2.DescribeSecurityGroups ec2.DescribeSecurityGroupRules ec2.DescribeStaleSecurityGroups',
  aws_securityhub_account:
    'securityhub.DescribeHub securityhub.GetEnabledStandards securityhub.DescribeStandardsControls securityhub.GetInsights securityhub.GetFindingAggregator',
  aws_service_discovery_service:
    'servicediscovery.GetService servicediscovery.GetNamespace servicediscovery.GetInstance servicediscovery.ListTagsForResource',
  aws_ses_domain_identity:
    'ses.GetIdentityVerificationAttributes ses.GetIdentityDkimAttributes ses.DescribeConfigurationSet ses.DescribeReceiptRule sesv2.GetEmailIdentity sesv2.GetConfigurationSet',
  aws_sfn_state_machine:
    'stepfunctions.DescribeStateMachine stepfunctions.ListTagsForResource stepfunctions.ListStateMachineVersions stepfunctions.DescribeStateMachineAlias stepfunctions.ValidateStateMachineDefinition',
  aws_sns_topic:
    'sns.GetTopicAttributes sns.ListTagsForResource sns.GetSubscriptionAttributes sns.GetPlatformApplicationAttributes',
  aws_sqs_queue: 'sqs.GetQueueAttributes sqs.ListQueueTags sqs.GetQueueUrl',
  aws_ssm_parameter:
    'ssm.GetParameter ssm.GetParameters ssm.DescribeParameters ssm.ListTagsForResource ssm.DescribeDocument ssm.GetDocument ssm.DescribeAssociation ssm.GetMaintenanceWindow ssm.GetPatchBaseline ssm.DescribeDocumentPermission',
  aws_ssoadmin_permission_set:
    'sso-admin.DescribePermissionSet sso-admin.GetInlinePolicyForPermissionSet sso-admin.ListManagedPoliciesInPermissionSet sso-admin.ListAccountAssignments sso-admin.ListInstances sso-admin.ListTagsForResource identitystore.DescribeUser identitystore.DescribeGroup',
  aws_storagegateway_gateway:
    'storagegateway.DescribeGatewayInformation storagegateway.DescribeChapCredentials storagegateway.DescribeNFSFileShares storagegateway.ListTagsForResource',
  aws_subnet:
    'ec2.DescribeSubnets ec2.DescribeAvailabilityZones ec2.DescribeVpcs ec2.DescribeVpcAttribute ec2.DescribeVpcPeeringConnections',
  aws_transfer_server:
    'transfer.DescribeServer transfer.DescribeUser transfer.DescribeWorkflow transfer.ListTagsForResource',
  aws_vpc_endpoint:
    'ec2.DescribeVpcEndpoints ec2.DescribeVpcEndpointServices ec2.DescribeVpcEndpointServicePermissions',
  aws_vpn_connection:
    'ec2.DescribeVpnConnections ec2.DescribeTransitGateways ec2.DescribeTransitGatewayVpcAttachments ec2.GetTransitGatewayRouteTablePropagations',
  aws_wafv2_web_acl:
    'wafv2.GetWebACL wafv2.GetWebACLForResource wafv2.GetIPSet wafv2.GetRuleGroup wafv2.GetLoggingConfiguration wafv2.ListTagsForResource',
}
