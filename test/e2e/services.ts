/** One life of a resource in each service, as a boto3 snippet: create, read, list, delete; `result` is what was seen. */
export interface ServiceLife {
  readonly service: string
  readonly snippet: string
  readonly result: unknown
}

export const SERVICE_LIVES: readonly ServiceLife[] = [
  {
    service: 's3',
    snippet: `
c = client('s3')
c.create_bucket(Bucket='life')
c.put_object(Bucket='life', Key='a', Body=b'hello')
got = c.get_object(Bucket='life', Key='a')['Body'].read().decode()
keys = [each['Key'] for each in c.list_objects_v2(Bucket='life')['Contents']]
c.delete_object(Bucket='life', Key='a')
c.delete_bucket(Bucket='life')
result = [got, keys, [each['Name'] for each in c.list_buckets()['Buckets']]]`,
    result: ['hello', ['a'], []],
  },
  {
    service: 'dynamodb',
    snippet: `
c = client('dynamodb')
c.create_table(TableName='t', BillingMode='PAY_PER_REQUEST', KeySchema=[{'AttributeName': 'id', 'KeyType': 'HASH'}],
    AttributeDefinitions=[{'AttributeName': 'id', 'AttributeType': 'S'}])
c.put_item(TableName='t', Item={'id': {'S': '1'}})
got = c.get_item(TableName='t', Key={'id': {'S': '1'}})['Item']
names = c.list_tables()['TableNames']
c.delete_table(TableName='t')
result = [got, names, c.list_tables()['TableNames']]`,
    result: [{ id: { S: '1' } }, ['t'], []],
  },
  {
    service: 'sqs',
    snippet: `
c = client('sqs')
url = c.create_queue(QueueName='q')['QueueUrl']
c.send_message(QueueUrl=url, MessageBody='hello')
message = c.receive_message(QueueUrl=url)['Messages'][0]
c.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
listed = len(c.list_queues()['QueueUrls'])
c.delete_queue(QueueUrl=url)
result = [message['Body'], listed, c.list_queues().get('QueueUrls', [])]`,
    result: ['hello', 1, []],
  },
  {
    service: 'sns',
    snippet: `
c = client('sns')
arn = c.create_topic(Name='topic')['TopicArn']
c.publish(TopicArn=arn, Message='hello')
owner = c.get_topic_attributes(TopicArn=arn)['Attributes']['TopicArn'] == arn
listed = len(c.list_topics()['Topics'])
c.delete_topic(TopicArn=arn)
result = [owner, listed, c.list_topics()['Topics']]`,
    result: [true, 1, []],
  },
  {
    service: 'iam',
    snippet: `
c = client('iam')
c.create_role(RoleName='r', AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}')
got = c.get_role(RoleName='r')['Role']['RoleName']
listed = [each['RoleName'] for each in c.list_roles()['Roles']]
c.delete_role(RoleName='r')
result = [got, listed, c.list_roles()['Roles']]`,
    result: ['r', ['r'], []],
  },
  {
    service: 'kms',
    snippet: `
c = client('kms')
key = c.create_key(Description='d')['KeyMetadata']['KeyId']
got = c.describe_key(KeyId=key)['KeyMetadata']['Description']
listed = len(c.list_keys()['Keys'])
state = c.schedule_key_deletion(KeyId=key, PendingWindowInDays=7) and c.describe_key(KeyId=key)['KeyMetadata']['KeyState']
result = [got, listed, state]`,
    result: ['d', 1, 'PendingDeletion'],
  },
  {
    service: 'ssm',
    snippet: `
c = client('ssm')
c.put_parameter(Name='/p', Value='v', Type='String')
got = c.get_parameter(Name='/p')['Parameter']['Value']
listed = [each['Name'] for each in c.describe_parameters()['Parameters']]
c.delete_parameter(Name='/p')
result = [got, listed, c.describe_parameters()['Parameters']]`,
    result: ['v', ['/p'], []],
  },
  {
    service: 'logs',
    snippet: `
c = client('logs')
c.create_log_group(logGroupName='g')
c.create_log_stream(logGroupName='g', logStreamName='s')
import time
c.put_log_events(logGroupName='g', logStreamName='s', logEvents=[{'timestamp': int(time.time() * 1000), 'message': 'm'}])
got = [each['message'] for each in c.get_log_events(logGroupName='g', logStreamName='s')['events']]
listed = len(c.describe_log_groups()['logGroups'])
c.delete_log_group(logGroupName='g')
result = [got, listed, c.describe_log_groups()['logGroups']]`,
    result: [['m'], 1, []],
  },
  {
    service: 'lambda',
    snippet: `
import io, zipfile
archive = io.BytesIO()
with zipfile.ZipFile(archive, 'w') as z: z.writestr('f.py', 'def h(event, context): return 1')
role = client('iam').create_role(RoleName='fn', AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}')['Role']['Arn']
c = client('lambda')
c.create_function(FunctionName='f', Runtime='python3.12', Role=role, Handler='f.h', Code={'ZipFile': archive.getvalue()})
got = c.get_function_configuration(FunctionName='f')['Handler']
listed = [each['FunctionName'] for each in c.list_functions()['Functions']]
c.delete_function(FunctionName='f')
client('iam').delete_role(RoleName='fn')
result = [got, listed, c.list_functions()['Functions']]`,
    result: ['f.h', ['f'], []],
  },
  {
    service: 'ec2',
    snippet: `
c = client('ec2')
volume = c.create_volume(AvailabilityZone='us-east-1a', Size=1, TagSpecifications=[
    {'ResourceType': 'volume', 'Tags': [{'Key': 'life', 'Value': 'x'}]}])['VolumeId']
got = c.describe_volumes(VolumeIds=[volume])['Volumes'][0]['Size']
mine = [{'Name': 'tag:life', 'Values': ['x']}]
listed = len(c.describe_volumes(Filters=mine)['Volumes'])
c.delete_volume(VolumeId=volume)
result = [got, listed, c.describe_volumes(Filters=mine)['Volumes']]`,
    result: [1, 1, []],
  },
  {
    service: 'sts',
    snippet: `
result = [client('sts').get_caller_identity()['Account']]`,
    result: ['123456789012'],
  },
  {
    service: 'secretsmanager',
    snippet: `
c = client('secretsmanager')
c.create_secret(Name='s', SecretString='v')
got = c.get_secret_value(SecretId='s')['SecretString']
listed = [each['Name'] for each in c.list_secrets()['SecretList']]
c.delete_secret(SecretId='s', ForceDeleteWithoutRecovery=True)
result = [got, listed, c.list_secrets()['SecretList']]`,
    result: ['v', ['s'], []],
  },
  {
    service: 'cloudwatch',
    snippet: `
c = client('cloudwatch')
c.put_metric_alarm(AlarmName='a', MetricName='m', Namespace='n', Statistic='Sum', Period=60, EvaluationPeriods=1,
    Threshold=1.5, ComparisonOperator='GreaterThanThreshold')
got = c.describe_alarms(AlarmNames=['a'])['MetricAlarms'][0]['Threshold']
c.put_metric_data(Namespace='n', MetricData=[{'MetricName': 'm', 'Value': 2.0}])
listed = [each['MetricName'] for each in c.list_metrics(Namespace='n')['Metrics']]
c.delete_alarms(AlarmNames=['a'])
result = [got, listed, c.describe_alarms()['MetricAlarms']]`,
    result: [1.5, ['m'], []],
  },
  {
    service: 'events',
    snippet: `
c = client('events')
c.put_rule(Name='r', ScheduleExpression='rate(1 hour)')
got = c.describe_rule(Name='r')['ScheduleExpression']
listed = [each['Name'] for each in c.list_rules()['Rules']]
c.delete_rule(Name='r')
result = [got, listed, c.list_rules()['Rules']]`,
    result: ['rate(1 hour)', ['r'], []],
  },
  {
    service: 'stepfunctions',
    snippet: `
c = client('stepfunctions')
arn = c.create_state_machine(name='m', roleArn='arn:aws:iam::123456789012:role/x',
    definition='{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}')['stateMachineArn']
got = c.describe_state_machine(stateMachineArn=arn)['name']
listed = len(c.list_state_machines()['stateMachines'])
c.delete_state_machine(stateMachineArn=arn)
result = [got, listed, c.list_state_machines()['stateMachines']]`,
    result: ['m', 1, []],
  },
  {
    service: 'ecr',
    snippet: `
c = client('ecr')
c.create_repository(repositoryName='a/b')
listed = [each['repositoryName'] for each in c.describe_repositories()['repositories']]
images = c.list_images(repositoryName='a/b')['imageIds']
c.delete_repository(repositoryName='a/b')
result = [listed, images, c.describe_repositories()['repositories']]`,
    result: [['a/b'], [], []],
  },
  {
    service: 'route53',
    snippet: `
c = client('route53')
zone = c.create_hosted_zone(Name='example.org', CallerReference='1')['HostedZone']['Id']
got = c.get_hosted_zone(Id=zone)['HostedZone']['Name']
listed = len(c.list_hosted_zones()['HostedZones'])
c.delete_hosted_zone(Id=zone)
result = [got, listed, c.list_hosted_zones()['HostedZones']]`,
    result: ['example.org.', 1, []],
  },
  {
    service: 'kinesis',
    snippet: `
c = client('kinesis')
c.create_stream(StreamName='s', ShardCount=1)
c.put_record(StreamName='s', Data=b'x', PartitionKey='p')
got = c.describe_stream_summary(StreamName='s')['StreamDescriptionSummary']['StreamName']
listed = c.list_streams()['StreamNames']
c.delete_stream(StreamName='s')
result = [got, listed, c.list_streams()['StreamNames']]`,
    result: ['s', ['s'], []],
  },
  {
    service: 'cloudformation',
    snippet: `
c = client('cloudformation')
body = json.dumps({'Resources': {'Q': {'Type': 'AWS::SQS::Queue', 'Properties': {'QueueName': 'made-by-stack'}}}})
c.create_stack(StackName='k', TemplateBody=body)
got = c.describe_stacks(StackName='k')['Stacks'][0]['StackStatus']
listed = [each['LogicalResourceId'] for each in c.list_stack_resources(StackName='k')['StackResourceSummaries']]
c.delete_stack(StackName='k')
result = [got, listed, c.describe_stacks()['Stacks']]`,
    result: ['CREATE_COMPLETE', ['Q'], []],
  },
  {
    service: 'apigateway',
    snippet: `
c = client('apigateway')
api = c.create_rest_api(name='a')['id']
got = c.get_rest_api(restApiId=api)['name']
listed = len(c.get_rest_apis()['items'])
c.delete_rest_api(restApiId=api)
result = [got, listed, c.get_rest_apis()['items']]`,
    result: ['a', 1, []],
  },
]
