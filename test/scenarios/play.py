"""Plays the calls of a scenario with boto3: JSON on standard input, what became of each on standard output.

A step is {service, operation, parameters}: the names of the service model. `save` keeps parts of an answer by JMESPath
expressions; a parameter that is "$name" stands for one of them.
"""
import json
import sys

import boto3
import jmespath
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

play = json.load(sys.stdin)
config = Config(retries={'total_max_attempts': 1}, s3={'addressing_style': 'path'})
clients = {}
saved = {}


def filled(value):
    if isinstance(value, str) and value.startswith('$'):
        return saved[value[1:]]
    if isinstance(value, list):
        return [filled(each) for each in value]
    if isinstance(value, dict):
        return {name: filled(each) for name, each in value.items()}
    return value


def made(step):
    service = step['service']
    if service not in clients:
        clients[service] = boto3.client(service, config=config)
    call = getattr(clients[service], xform_name(step['operation']))
    try:
        answer = call(**filled(step.get('parameters', {})))
        for name, path in step.get('save', {}).items():
            saved[name] = jmespath.search(path, answer)
        code = None
    except ClientError as error:
        answer = error.response
        code = answer['Error']['Code']
    headers = answer['ResponseMetadata']['HTTPHeaders']
    return {
        'code': code,
        'requestId': headers.get('x-moderato-request-id'),
        'waitedMs': int(headers.get('x-moderato-waited-ms', 0)),
    }


saved.update(play.get('saved', {}))
results = [made(step) for step in play['steps'] for _ in range(step.get('times', 1))]
print(json.dumps({'results': results, 'saved': saved}, default=str))
