"""Calls AWS with boto3 and prints one JSON line for each step. Arguments: the retry mode, and `sentry` to run under it."""
import contextlib, json, sys, urllib.error, urllib.request
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

MODE, SENTRY = sys.argv[1], 'sentry' in sys.argv[2:]
CONFIG = Config(retries={'mode': MODE, 'max_attempts': 3})
TRUST = '{"Version":"2012-10-17","Statement":[]}'


def client(name):
    return boto3.client(name, config=CONFIG)


STEPS = []


def step(name):
    return lambda run: STEPS.append((name, run))


s3, dynamodb, sqs = client('s3'), client('dynamodb'), client('sqs')


@step('tell who it is')
def _():
    client('sts').get_caller_identity()


@step('create a bucket')
def _():
    s3.create_bucket(Bucket='lake')


@step('put and get an object')
def _():
    s3.put_object(Bucket='lake', Key='a b+c/ü', Body=b'0123456789', ContentType='text/plain', Metadata={'a': 'b'})
    assert s3.get_object(Bucket='lake', Key='a b+c/ü')['Body'].read() == b'0123456789'


@step('get a range')
def _():
    assert s3.get_object(Bucket='lake', Key='a b+c/ü', Range='bytes=2-4')['Body'].read() == b'234'


@step('get if it changed')
def _():
    etag = s3.head_object(Bucket='lake', Key='a b+c/ü')['ETag']
    try:
        s3.get_object(Bucket='lake', Key='a b+c/ü', IfNoneMatch=etag)
    except ClientError as error:
        if error.response['ResponseMetadata']['HTTPStatusCode'] != 304:
            raise


@step('list by a prefix with a space')
def _():
    assert s3.list_objects_v2(Bucket='lake', Prefix='a b+')['KeyCount'] == 1


@step('copy an object')
def _():
    s3.copy_object(Bucket='lake', Key='copy', CopySource={'Bucket': 'lake', 'Key': 'a b+c/ü'})


@step('upload in parts')
def _():
    made = s3.create_multipart_upload(Bucket='lake', Key='parts')['UploadId']
    part = s3.upload_part(Bucket='lake', Key='parts', UploadId=made, PartNumber=1, Body=b'x' * 70000)
    parts = {'Parts': [{'ETag': part['ETag'], 'PartNumber': 1}]}
    s3.complete_multipart_upload(Bucket='lake', Key='parts', UploadId=made, MultipartUpload=parts)


def opened(signer):
    url = signer.generate_presigned_url('get_object', Params={'Bucket': 'lake', 'Key': 'copy'})
    try:
        assert urllib.request.urlopen(url).read() == b'0123456789'
    except urllib.error.HTTPError as error:
        raise OSError(error.read().decode())


@step('get by a presigned URL')
def _():
    opened(boto3.client('s3', config=Config(signature_version='s3v4')))


@step('get by a presigned URL of signature version 2, the default of boto3')
def _():
    opened(s3)


@step('get an object three times, each throttled twice')
def _():
    s3.put_object(Bucket='lake', Key='slow', Body=b'x')
    for _ in range(3):
        s3.get_object(Bucket='lake', Key='slow')


@step('delete objects')
def _():
    keys = [{'Key': each['Key']} for each in s3.list_objects_v2(Bucket='lake')['Contents']]
    s3.delete_objects(Bucket='lake', Delete={'Objects': keys})
    s3.delete_bucket(Bucket='lake')


@step('create a table')
def _():
    dynamodb.create_table(TableName='t', BillingMode='PAY_PER_REQUEST',
                          KeySchema=[{'AttributeName': 'id', 'KeyType': 'HASH'}],
                          AttributeDefinitions=[{'AttributeName': 'id', 'AttributeType': 'S'}])


@step('put and query items')
def _():
    dynamodb.put_item(TableName='t', Item={'id': {'S': 'ü'}})
    dynamodb.query(TableName='t', KeyConditionExpression='id = :i', ExpressionAttributeValues={':i': {'S': 'ü'}})


@step('execute statements of PartiQL')
def _():
    dynamodb.execute_statement(Statement="""SELECT * FROM "t" WHERE id = 'ü'""")


@step('update an item six times, each throttled twice')
def _():
    for i in range(6):
        dynamodb.update_item(TableName='t', Key={'id': {'S': 'ü'}}, UpdateExpression='ADD n :more',
                             ExpressionAttributeValues={':more': {'N': str(i)}})


@step('delete a table')
def _():
    dynamodb.delete_table(TableName='t')


@step('send and receive a message')
def _():
    url = sqs.create_queue(QueueName='q')['QueueUrl']
    sqs.send_message(QueueUrl=url, MessageBody='hello')
    message = sqs.receive_message(QueueUrl=url)['Messages'][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
    sqs.delete_queue(QueueUrl=url)


@step('publish to a topic')
def _():
    arn = client('sns').create_topic(Name='topic')['TopicArn']
    client('sns').publish(TopicArn=arn, Message='hello')


@step('describe volumes of EC2')
def _():
    client('ec2').describe_volumes()


@step('create and delete a role')
def _():
    client('iam').create_role(RoleName='r', AssumeRolePolicyDocument=TRUST)
    client('iam').delete_role(RoleName='r')


@step('list functions of Lambda')
def _():
    client('lambda').list_functions()


@step('create and delete a hosted zone')
def _():
    zone = client('route53').create_hosted_zone(Name='example.org', CallerReference='1')['HostedZone']['Id']
    client('route53').delete_hosted_zone(Id=zone)


@step('put metric data')
def _():
    client('cloudwatch').put_metric_data(Namespace='n', MetricData=[{'MetricName': 'm', 'Value': 2.0}])


@step('create and read a secret')
def _():
    client('secretsmanager').create_secret(Name='s', SecretString='v')
    client('secretsmanager').get_secret_value(SecretId='s')
    client('secretsmanager').delete_secret(SecretId='s', ForceDeleteWithoutRecovery=True)


def report(name, run):
    line = {'step': name, 'ok': True}
    try:
        run()
    except ClientError as error:
        line.update(ok=False, code=error.response['Error']['Code'], message=error.response['Error'].get('Message'))
    except (BotoCoreError, AssertionError, LookupError, OSError) as error:
        line.update(ok=False, message=repr(error))
    print(json.dumps(line), flush=True)


def traced():
    """Under sentry-sdk every call carries the fields of its trace. Nothing listens where it reports."""
    if not SENTRY:
        return contextlib.nullcontext()
    import sentry_sdk
    sentry_sdk.init(dsn='http://key@127.0.0.1:9/1', traces_sample_rate=1.0, shutdown_timeout=0,
                    trace_propagation_targets=['.*'])
    return sentry_sdk.start_transaction(name='calls')


with traced():
    for name, run in STEPS:
        report(name, run)
