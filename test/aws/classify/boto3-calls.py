"""Calls as boto3 users write them, one JSON object a line: service, call, params, and what must be said of the call:
`all` classes and traits, `none` of these, `only` these classes, `count`."""
import json

ROLE = "arn:aws:iam::111122223333:role/r"
IDS = [f"i-{n}" for n in range(30)]
ONCE = "at(2027-01-01T00:00:00)"


def call(service, name, params, *every, none=(), only=None, count=None):
    print(json.dumps({"service": service, "call": name, "params": params, "all": every, "none": none,
                      "only": only, "count": count}))


def schedule(arn, parameters, expression=ONCE):
    target = {"Arn": arn, "RoleArn": ROLE, "Input": json.dumps(parameters)}
    return {"Name": "n", "ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}


def sdk(name):
    return f"arn:aws:scheduler:::aws-sdk:{name}"


# EventBridge Scheduler: the call is judged and counted by its own parameters, under the names of the SDK.
call("scheduler", "create_schedule", schedule(sdk("ec2:terminateInstances"), {"InstanceIds": IDS}),
     "destructive", "irreversible", none=["unbounded"], count=30)
call("scheduler", "create_schedule", schedule(sdk("ec2:terminateInstances"), {"InstanceIds": IDS}, "rate(1 day)"),
     "destructive", "unbounded", count=30)
call("scheduler", "create_schedule", schedule(sdk("sns:publish"), {"TopicArn": "t"}, "rate(1 day)"), none=["unbounded"])
call("scheduler", "create_schedule", schedule(sdk("s3:deleteObject"), {"Bucket": "b", "Key": "k", "VersionId": "v"}),
     "destructive")
call("scheduler", "create_schedule", schedule(sdk("s3:putBucketLifecycleConfiguration"), {
    "Bucket": "b", "LifecycleConfiguration": {"Rules": [{"Expiration": {"Days": 1}, "Status": "Enabled"}]}}), "destructive")
call("scheduler", "create_schedule", schedule(sdk("ssm:startAutomationExecution"), {
    "DocumentName": "AWS-TerminateEC2Instance", "Parameters": {"InstanceId": IDS}}), "destructive", count=30)
call("scheduler", "create_schedule", schedule(sdk("cloudformation:createStack"), {
    "StackName": "s", "TemplateBody": json.dumps({"Resources": {"R": {"Type": "AWS::IAM::User"}}})}), "permissions")
call("scheduler", "update_schedule", schedule(sdk("dynamodb:updateItem"), {
    "TableName": "t", "Key": {"a": {"S": "1"}}, "UpdateExpression": "REMOVE b"}, "cron(0 * * * ? *)"),
    "data-delete", "unbounded")

call("scheduler", "create_schedule", schedule(sdk("dynamodb:executeStatement"), {"Statement": "DELETE FROM t WHERE id='1'"}),
     "data-delete")
call("scheduler", "create_schedule", schedule(sdk("ssm:sendCommand"), {"DocumentName": "d", "Targets": [{"Key": "tag:a"}]}),
     "unbounded")


# Step Functions.
def machine(states, **more):
    definition = {"StartAt": next(iter(states)), "States": states, **more}
    return {"name": "m", "roleArn": ROLE, "definition": json.dumps(definition)}


def task(resource, parameters, **more):
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, **({"End": True} | more)}


TERMINATE = "aws-sdk:ec2:terminateInstances"
call("stepfunctions", "create_state_machine", machine({"A": task(TERMINATE, {"InstanceIds": IDS})}),
     "destructive", none=["unbounded"], count=30)
call("stepfunctions", "create_state_machine", machine({
    "A": task(TERMINATE, {"InstanceIds": ["i-1"]}, End=False, Next="B"), "B": task(TERMINATE, {"InstanceIds": ["i-2"]})}),
    "destructive", count=2)
call("stepfunctions", "create_state_machine", machine({"A": task(TERMINATE, {"InstanceIds.$": "$.ids"})}), "unbounded")
call("stepfunctions", "create_state_machine", machine({"A": {
    "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:deleteBucket", "End": True,
    "Arguments": {"Bucket": "{% $states.input.b %}"}}}, QueryLanguage="JSONata"), "destructive", "unbounded")
call("stepfunctions", "create_state_machine", machine({"M": {"Type": "Map", "End": True, "ItemProcessor": {
    "StartAt": "A", "States": {"A": task("aws-sdk:s3:deleteBucket", {"Bucket": "b"})}}}}), "destructive", "unbounded")
call("stepfunctions", "create_state_machine", machine({
    "A": task("aws-sdk:rds:rebootDBInstance", {"DbInstanceIdentifier": "d"}, End=False, Next="W"),
    "W": {"Type": "Wait", "Seconds": 1, "Next": "A"}}), "disruptive", "unbounded")
call("stepfunctions", "create_state_machine", machine({
    "W": {"Type": "Wait", "Seconds": 1, "Next": "C"}, "C": {"Type": "Choice", "Default": "W", "Choices": [
        {"Variable": "$.x", "IsPresent": True, "Next": "A"}]},
    "A": task("aws-sdk:s3:deleteBucket", {"Bucket": "b"})}), "destructive", none=["unbounded"])
call("stepfunctions", "update_state_machine", {"stateMachineArn": "a", "definition": machine({
    "A": task("dynamodb:updateItem", {"TableName": "t", "Key": {}, "UpdateExpression": "REMOVE b"})})["definition"]}, "data-delete")
call("stepfunctions", "create_state_machine", machine({
    f"T{n}": task("lambda:invoke", {"FunctionName.$": "$.f"}) for n in range(15)}), "opaque", none=["unbounded"], count=1)


# AWS's own automation documents, by name.
def automation(name, *every, **more):
    call("ssm", "start_automation_execution", {"DocumentName": name, "Parameters": {"InstanceId": IDS}}, "opaque", *every, **more)


automation("AWS-TerminateEC2Instance", "destructive", "irreversible", count=30)
automation("arn:aws:ssm:us-east-1::document/AWS-TerminateEC2Instance", "destructive", count=30)
automation("AWS-DeleteSnapshot", "destructive", "protection", count=30)
automation("AWS-DeleteEbsVolumeSnapshots", "destructive", "unbounded")
automation("AWS-DeleteImage", "destructive")
automation("AWS-DeleteDynamoDbBackup", "destructive", "protection")
automation("AWS-DeleteCloudFormationStack", "destructive")
call("ssm", "start_automation_execution", {"DocumentName": "AWS-TerminateEC2Instance", "Parameters": {"InstanceId": ["i-1,i-2,i-3"]}},
     "destructive", count=3)
automation("AWS-StopEC2Instance", "disruptive", none=["destructive"], count=30)
automation("AWS-RestartEC2Instance", "disruptive")
automation("AWS-ResizeInstance", "disruptive")
automation("AWS-PatchAsgInstance", "disruptive")
automation("AWS-ReleaseElasticIP", "destructive")
automation("AWS-DisablePublicAccessForSecurityGroup", "permissions", "destructive")
automation("AWS-AttachIAMToInstance", "permissions")
automation("AWSSupport-ResetAccess", "permissions")
automation("AWSConfigRemediation-DeleteIAMUser", "permissions", "destructive")
automation("AWSConfigRemediation-DeleteUnusedEBSVolume", "destructive", count=30)
automation("AWSConfigRemediation-DeleteRDSCluster", "destructive")
automation("AWSConfigRemediation-RemoveVPCDefaultSecurityGroupRules", "permissions", "destructive")
automation("AWS-UpdateCloudFormationStack", "destructive")
automation("AWS-ConfigureS3BucketVersioning", "protection")
automation("AWSSupport-ExecuteEC2Rescue", "disruptive")
automation("AWSConfigRemediation-CancelKeyDeletion", none=["disruptive", "destructive", "protection"])
call("fis", "create_experiment_template", {
    "clientToken": "t", "description": "d", "stopConditions": [{"source": "none"}], "roleArn": ROLE, "targets": {},
    "actions": {"a": {"actionId": "aws:ec2:terminate-instances"}}}, "destructive", "unbounded")
automation("AWS-StartEC2Instance", none=["disruptive", "destructive"])
automation("AWS-CreateSnapshot", none=["disruptive", "destructive", "protection"])
automation("AWSConfigRemediation-EnableKeyRotation", none=["disruptive", "destructive", "protection"])
automation("my-own-document", none=["destructive"], count=1)
call("ssm", "start_automation_execution", {"DocumentName": "AWS-StopEC2Instance", "TargetParameterName": "InstanceId",
                                           "Targets": [{"Key": "tag:a", "Values": ["b"]}]}, "disruptive", "unbounded")
call("ssm", "create_association", {"Name": "AWS-StopEC2Instance", "ScheduleExpression": "rate(1 day)",
                                   "Parameters": {"InstanceId": ["i-1"]}}, "disruptive", "unbounded")
call("ssm", "create_association_batch", {"Entries": [{"Name": "AWS-TerminateEC2Instance", "Parameters": {"InstanceId": IDS}}]},
     "destructive", count=30)
call("ssm", "register_task_with_maintenance_window", {
    "WindowId": "mw-1", "TaskArn": "AWS-TerminateEC2Instance", "TaskType": "AUTOMATION",
    "TaskInvocationParameters": {"Automation": {"Parameters": {"InstanceId": IDS}}}}, "destructive", "unbounded")
call("config", "put_remediation_configurations", {"RemediationConfigurations": [{
    "ConfigRuleName": "r", "TargetType": "SSM_DOCUMENT", "TargetId": "AWSConfigRemediation-DeleteUnusedSecurityGroup",
    "Parameters": {"GroupId": {"ResourceValue": {"Value": "RESOURCE_ID"}}}}]}, "destructive", "unbounded")
call("events", "put_targets", {"Rule": "r", "Targets": [{
    "Id": "1", "Arn": "arn:aws:ssm:us-east-1::automation-definition/AWS-TerminateEC2Instance:$DEFAULT", "RoleArn": ROLE,
    "Input": json.dumps({"InstanceId": IDS})}]}, "destructive", "unbounded", count=30)


def document(*steps):
    return {"Name": "d", "DocumentType": "Automation", "Content": json.dumps({"schemaVersion": "0.3", "mainSteps": steps})}


def api(ids):
    return {"name": "s", "action": "aws:executeAwsApi", "inputs": {"Service": "ec2", "Api": "TerminateInstances", "InstanceIds": ids}}


call("ssm", "create_document", document(api(IDS)), "destructive", none=["unbounded"], count=30)
call("ssm", "create_document", document(api("{{ InstanceIds }}")), "destructive", "unbounded")
call("ssm", "create_document", document({"name": "l", "action": "aws:loop", "inputs": {"Steps": [api(["i-1"])]}}), "unbounded")
call("ssm", "create_document", document(api(["i-1"]) | {"nextStep": "s"}), "unbounded")
call("ssm", "create_document", document({"name": "s", "action": "aws:executeAutomation", "inputs": {
    "DocumentName": "AWS-TerminateEC2Instance", "RuntimeParameters": {"InstanceId": IDS}}}), "destructive", count=30)


# Cloud Control: patches by path, deletions by type.
def patch(kind, op, path, *every, **value):
    change = {"op": op, "path": path, **value}
    call("cloudcontrol", "update_resource", {"TypeName": kind, "Identifier": "x", "PatchDocument": json.dumps([change])},
         "disruptive", "opaque", *every)


patch("AWS::AutoScaling::AutoScalingGroup", "replace", "/MaxSize", "destructive", value="0")
patch("AWS::RDS::DBInstance", "replace", "/DeletionProtection", "protection", value=False)
patch("AWS::RDS::DBInstance", "remove", "/DeletionProtection", "protection")
patch("AWS::RDS::DBInstance", "replace", "/PubliclyAccessible", "permissions", value=True)
patch("AWS::RDS::DBInstance", "replace", "/BackupRetentionPeriod", "protection", value=1)
patch("AWS::S3::Bucket", "remove", "/PublicAccessBlockConfiguration", "permissions")
patch("AWS::S3::Bucket", "remove", "/BucketEncryption", "protection")
patch("AWS::S3::Bucket", "replace", "/VersioningConfiguration/Status", "protection", value="Suspended")
patch("AWS::S3::Bucket", "add", "/LifecycleConfiguration", "destructive", value={"Rules": [{"ExpirationInDays": 1}]})
patch("AWS::S3::Bucket", "add", "/LifecycleConfiguration/Rules/0/ExpirationInDays", "destructive", value=1)
patch("AWS::IAM::Role", "add", "/ManagedPolicyArns/-", "permissions", value="arn:aws:iam::aws:policy/AdministratorAccess")
patch("AWS::KMS::Key", "replace", "/Enabled", "protection", value=False)
patch("AWS::Logs::LogGroup", "replace", "/RetentionInDays", "destructive", value=1)
patch("AWS::DynamoDB::Table", "replace", "/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", "protection", value=False)
patch("AWS::ECS::Service", "replace", "/DesiredCount", "destructive", value=0)
patch("AWS::EC2::SecurityGroup", "add", "/SecurityGroupIngress/0", "permissions", value={"CidrIp": "0.0.0.0/0"})
patch("AWS::CloudTrail::Trail", "replace", "/IsLogging", "protection", value=False)
patch("AWS::GuardDuty::Detector", "replace", "/Enable", "protection", value=False)
patch("AWS::SQS::Queue", "remove", "/KmsMasterKeyId", "protection")
patch("AWS::Nobody::Knows", "replace", "/A", "unreadable", value=1)
patch("AWS::S3::Bucket", "move", "/A", "unreadable", **{"from": "/B"})
patch("AWS::StepFunctions::StateMachine", "replace", "/DefinitionString", "destructive",
      value=machine({"A": task("aws-sdk:s3:deleteBucket", {"Bucket": "b"})})["definition"])
call("cloudcontrol", "update_resource", {"TypeName": "AWS::S3::Bucket", "Identifier": "x", "PatchDocument": json.dumps(
    [{"op": "add", "path": "/CorsConfiguration", "value": {}}])}, none=["destructive", "permissions", "protection", "unreadable"])
for kind, said in [("AWS::CloudTrail::Trail", "protection"), ("AWS::KMS::Key", "protection"), ("AWS::IAM::Role", "permissions"),
                   ("AWS::EC2::FlowLog", "protection"), ("AWS::DynamoDB::Table", "irreversible"), ("AWS::S3::BucketPolicy", "permissions")]:
    call("cloudcontrol", "delete_resource", {"TypeName": kind, "Identifier": "x"}, "destructive", said)

# The same resource made by Cloud Control and by a stack.
ASSOCIATION = {"Name": "AWS-TerminateEC2Instance", "Parameters": {"InstanceId": IDS}}
CONTENT = {"schemaVersion": "0.3", "mainSteps": [api(["i"])]}
for kind, properties, said in [
        ("AWS::IAM::User", {}, "permissions"),
        ("AWS::SSO::PermissionSet", {}, "permissions"),
        ("AWS::SSO::Assignment", {}, "permissions"),
        ("AWS::Organizations::Policy", {}, "permissions"),
        ("AWS::SQS::QueueInlinePolicy", {}, "permissions"),
        ("AWS::Cognito::IdentityPoolRoleAttachment", {"Roles": {}}, "permissions"),
        ("AWS::Lambda::Url", {"AuthType": "NONE"}, "permissions"),
        ("AWS::Lambda::Function", {"Code": {"ZipFile": "x"}, "Role": ROLE}, "opaque"),
        ("AWS::ECR::Repository", {"RepositoryPolicyText": {}}, "permissions"),
        ("AWS::KMS::Key", {"KeyPolicy": {}}, "permissions"),
        ("AWS::EC2::SecurityGroup", {"SecurityGroupIngress": [{"CidrIp": "0.0.0.0/0"}]}, "permissions"),
        ("AWS::EC2::VPCBlockPublicAccessOptions", {"InternetGatewayBlockMode": "off"}, "protection"),
        ("AWS::S3::Bucket", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": False}}, "permissions"),
        ("AWS::S3::Bucket", {"AccessControl": "PublicRead"}, "permissions"),
        ("AWS::S3::Bucket", {"LifecycleConfiguration": {"Rules": [{"ExpirationInDays": 1}]}}, "destructive"),
        ("AWS::GuardDuty::Filter", {"Action": "ARCHIVE"}, "protection"),
        ("AWS::RDS::DBInstance", {"DeletionProtection": False}, "protection"),
        ("AWS::AutoScaling::ScheduledAction", {"MaxSize": 0}, "destructive"),
        ("AWS::Events::Rule", {"Targets": [{"Arn": "arn:aws:ssm:us-east-1::automation-definition/AWS-TerminateEC2Instance"}]},
         "destructive"),
        ("AWS::Scheduler::Schedule", schedule(sdk("ec2:terminateInstances"), {"InstanceIds": IDS}), "destructive"),
        ("AWS::SSM::Association", ASSOCIATION, "destructive"),
        ("AWS::SSM::MaintenanceWindowTask", {"TaskArn": "AWS-TerminateEC2Instance", "TaskType": "AUTOMATION"}, "destructive"),
        ("AWS::SSM::Document", {"Content": CONTENT}, "destructive"),
        ("AWS::Config::RemediationConfiguration", {"TargetId": "AWS-TerminateEC2Instance"}, "destructive"),
        ("AWS::Nobody::Knows", {}, "unreadable")]:
    call("cloudcontrol", "create_resource", {"TypeName": kind, "DesiredState": json.dumps(properties)}, "opaque", said)
    template = {"Resources": {"R": {"Type": kind, "Properties": properties}}}
    call("cloudformation", "create_stack", {"StackName": "s", "TemplateBody": json.dumps(template)}, "opaque", said)
QUIET = {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 5}}, "B": {"Type": "AWS::S3::Bucket"},
                       "W": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}
call("cloudformation", "create_stack", {"StackName": "s", "TemplateBody": json.dumps(QUIET)},
     none=["permissions", "protection", "destructive", "unreadable"])

# Stacks that change may lose what the old template had; stack sets count accounts times regions.
NEW = {"StackName": "s", "TemplateBody": json.dumps(QUIET)}
call("cloudformation", "update_stack", NEW, "destructive", "disruptive", "opaque")
call("cloudformation", "update_stack", {"StackName": "s", "TemplateURL": "https://x"}, "destructive", "unreadable")
call("cloudformation", "update_stack", {"StackName": "s", "UsePreviousTemplate": True, "Parameters": [
    {"ParameterKey": "k", "ParameterValue": "v"}]}, "destructive", "unreadable")
call("cloudformation", "update_stack", {"StackName": "s", "UsePreviousTemplate": True, "Parameters": [
    {"ParameterKey": "k", "UsePreviousValue": True}]}, "opaque", none=["destructive"])
call("cloudformation", "create_change_set", {**NEW, "ChangeSetName": "c"}, "opaque", none=["destructive"])
call("cloudformation", "execute_change_set", {"StackName": "s", "ChangeSetName": "c"}, "destructive", "opaque")
call("cloudformation", "delete_change_set", {"StackName": "s", "ChangeSetName": "c"}, only=["write"])
ACCOUNTS = [f"{n:012}" for n in range(10)]
REGIONS = ["us-east-1", "eu-west-1"]
SET = {"StackSetName": "s", "Accounts": ACCOUNTS, "Regions": REGIONS}
BY_UNIT = {"StackSetName": "s", "DeploymentTargets": {"OrganizationalUnitIds": ["ou-1"]}, "Regions": REGIONS}
call("cloudformation", "create_stack_instances", SET, "opaque", count=20)
call("cloudformation", "update_stack_instances", SET, "opaque", "disruptive", count=20)
call("cloudformation", "delete_stack_instances", {**SET, "RetainStacks": False}, "destructive", count=20)
call("cloudformation", "update_stack_set", {**SET, "TemplateBody": "{\"Resources\": {}}"}, "destructive", count=20)
call("cloudformation", "update_stack_set", {"StackSetName": "s", "TemplateBody": "{\"Resources\": {}}"}, "destructive", "unbounded")
call("cloudformation", "create_stack_instances", BY_UNIT, "unbounded")
call("cloudformation", "delete_stack_instances", {**BY_UNIT, "RetainStacks": False}, "destructive", "unbounded")

# Ids in any list count, numbers too; what selects by tag or manifest is unbounded.
call("s3control", "create_job", {"AccountId": "111122223333", "Operation": {"S3DeleteObjectTagging": {}}, "Priority": 1,
                                 "RoleArn": ROLE, "ClientRequestToken": "t", "Report": {"Enabled": False}}, "destructive", "unbounded")
call("rds", "purchase_reserved_db_instances_offering", {"ReservedDBInstancesOfferingId": "o", "DBInstanceCount": 40}, count=40)
call("ssm", "create_association", {"Name": "d", "Targets": [{"Key": "tag:a", "Values": ["b"]}]}, "opaque", "unbounded")
call("ec2", "revoke_security_group_ingress", {"GroupId": "sg-1", "SecurityGroupRuleIds": [f"sgr-{n}" for n in range(500)]},
     "destructive", count=500)
call("ec2", "modify_reserved_instances", {"ReservedInstancesIds": ["a"] * 12, "TargetConfigurations": []}, count=12)
call("emr", "modify_instance_groups", {"ClusterId": "j", "InstanceGroups": [
    {"InstanceGroupId": "g", "EC2InstanceIdsToTerminate": [f"i-{n}" for n in range(7)]}]}, count=7)
call("securityhub", "batch_update_automation_rules", {"UpdateAutomationRulesRequestItems": [{"RuleArn": "a"}] * 33}, count=33)
call("redshift", "batch_modify_cluster_snapshots", {"SnapshotIdentifierList": ["s"] * 100, "ManualSnapshotRetentionPeriod": 1},
     "destructive", count=100)
call("medialive", "batch_start", {"ChannelIds": ["a", "b", "c"]}, count=3)
call("ec2", "modify_image_attribute", {"ImageId": "ami-1", "OperationType": "add", "Attribute": "launchPermission",
                                       "UserIds": ACCOUNTS}, "permissions", count=10)
call("elb", "create_load_balancer", {"LoadBalancerName": "l", "Listeners": [], "Subnets": ["a", "b", "c"]}, count=1)
call("logs", "put_log_events", {"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}] * 90}, count=1)


# Items that an update erases.
def update(expression, *every, only=None, **more):
    call("dynamodb", "update_item", {"TableName": "t", "Key": {"a": {"S": "1"}}, "UpdateExpression": expression, **more}, *every, only=only)


def transact(*items):
    return {"TransactItems": [{"Update": {"TableName": "t", "Key": {"a": {"S": "1"}}, "UpdateExpression": each}} for each in items]}


update("SET b = :v", "may-overwrite", only=["write"])
update("set b = if_not_exists(b, :v)", only=["write"])
update("ADD n :one", only=["write"])
update("REMOVE b, c", "data-delete", "may-overwrite")
update("SET b = :v REMOVE c", "data-delete")
update("DELETE tags :v", "data-delete")
update("SET b = :v REMOVE c", only=["write"], ConditionExpression="attribute_not_exists(#k)", ExpressionAttributeNames={"#k": "a"})
update("SET b = :v REMOVE c", "data-delete", ConditionExpression="attribute_not_exists(b)")
call("dynamodb", "update_item", {"TableName": "t", "Key": {}, "AttributeUpdates": {"b": {"Action": "DELETE"}}}, "data-delete")
call("dynamodb", "update_item", {"TableName": "t", "Key": {}, "AttributeUpdates": {"b": {"Value": {"S": "x"}}}}, "may-overwrite", only=["write"])
call("dynamodb", "transact_write_items", transact("ADD n :one", "DELETE s :v"), "data-delete", "may-overwrite", count=2)
call("dynamodb", "transact_write_items", transact("SET a = :v"), "may-overwrite", only=["write"])
call("dynamodb", "batch_execute_statement", {"Statements": [{"Statement": "SELECT * FROM t"}, {
    "Statement": "UPDATE t SET a=1 REMOVE b WHERE id='1'"}]}, "data-delete", "may-overwrite")
call("dynamodb", "execute_transaction", {"TransactStatements": [{"Statement": "UPDATE \"t\" SET a='REMOVE x' WHERE id='1'"}]},
     "may-overwrite", only=["write"])
call("dynamodb", "execute_statement", {"Statement": "UPDATE t SET s=set_delete(s, <<'x'>>) WHERE id='1'"}, "data-delete")
call("dynamodb", "execute_statement", {"Statement": "INSERT INTO t VALUE {'id': 'x'}"}, none=["may-overwrite"], only=["write"])

# Not harsher than it is.
QUEUE = "https://sqs.us-east-1.amazonaws.com/111122223333/q"


def queue(attributes, *every, only=None):
    call("sqs", "set_queue_attributes", {"QueueUrl": QUEUE, "Attributes": attributes}, *every, only=only)


queue({"DelaySeconds": "5", "RedrivePolicy": "{}", "VisibilityTimeout": "30"}, only=["write"])
queue({"MessageRetentionPeriod": "1209600"}, only=["write"])
queue({"MessageRetentionPeriod": "60"}, "destructive", "protection")
queue({"Policy": "{}"}, only=["permissions"])
queue({"RedriveAllowPolicy": "{}"}, only=["permissions"])
queue({"KmsMasterKeyId": ""}, only=["protection"])
queue({"SqsManagedSseEnabled": "false"}, only=["protection"])
queue({"SqsManagedSseEnabled": "true"}, only=["write"])
for name, only in [("DisplayName", "write"), ("DeliveryPolicy", "write"), ("Policy", "permissions"), ("KmsMasterKeyId", "protection"),
                   ("DataProtectionPolicy", "protection"), ("SQSSuccessFeedbackRoleArn", "permissions"), ("Newer", "permissions")]:
    call("sns", "set_topic_attributes", {"TopicArn": "t", "AttributeName": name, "AttributeValue": "x"}, only=[only])
for name, only in [("RawMessageDelivery", "write"), ("RedrivePolicy", "write"), ("FilterPolicy", "disruptive"), ("SubscriptionRoleArn", "opaque")]:
    call("sns", "set_subscription_attributes", {"SubscriptionArn": "t", "AttributeName": name, "AttributeValue": "x"}, only,
         none=["permissions"])
for acl, only in [("private", "write"), ("bucket-owner-full-control", "write"), ("public-read", "permissions"), ("aws-exec-read", "permissions")]:
    call("s3", "put_object", {"Bucket": "b", "Key": "k", "ACL": acl}, "may-overwrite", none=["permissions"] if only == "write" else [])
    call("s3", "copy_object", {"Bucket": "b", "Key": "k", "CopySource": "b/c", "ACL": acl}, only)
call("ec2", "modify_vpc_endpoint", {"VpcEndpointId": "vpce-1", "AddSubnetIds": ["subnet-1"]}, only=["write"])
call("ec2", "modify_vpc_endpoint", {"VpcEndpointId": "vpce-1", "PolicyDocument": "{}"}, "permissions")
call("ec2", "modify_vpc_endpoint", {"VpcEndpointId": "vpce-1", "RemoveSubnetIds": ["subnet-1"]}, "disruptive")
call("lambda", "update_event_source_mapping", {"UUID": "u", "BatchSize": 5}, only=["write"])
call("lambda", "update_event_source_mapping", {"UUID": "u", "FunctionName": "other"}, "opaque")
call("lambda", "update_event_source_mapping", {"UUID": "u", "Enabled": False}, "disruptive")
call("glue", "batch_delete_partition", {"DatabaseName": "d", "TableName": "t", "PartitionsToDelete": [{"Values": ["a"]}] * 3},
     only=["data-delete"], none=["irreversible"], count=3)
