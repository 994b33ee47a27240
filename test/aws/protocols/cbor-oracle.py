"""The alarms that LocalStack would delete for each body of DeleteAlarms, given in hex by line; null where it refuses it."""
import json
import logging
import sys

from localstack.aws.protocol.parser import create_parser
from localstack.aws.spec import load_service
from localstack.http import Request

logging.disable(logging.CRITICAL)
parser = create_parser(load_service("cloudwatch"), "smithy-rpc-v2-cbor")
headers = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
path = "/service/GraniteServiceVersion20100801/operation/DeleteAlarms"

for line in sys.stdin:
    try:
        request = Request(method="POST", path=path, headers=headers, body=bytes.fromhex(line))
        print(json.dumps(parser.parse(request)[1].get("AlarmNames"), default=str))
    except Exception:
        print("null")
