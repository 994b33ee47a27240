"""What LocalStack takes requests for, one JSON object a line of standard input (as botocore-requests.py writes them).

`first` is the service and operation that its routers find, or their error; `all` what its operation routers find in
every service that signs with the request's name, for services that it does not tell apart.
"""
import base64
import json
import logging
import sys

from localstack.aws.protocol.parser import create_parser
from localstack.aws.protocol.service_router import determine_aws_protocol, determine_aws_service_model
from localstack.aws.spec import get_service_catalog
from localstack.http import Request

logging.disable(logging.CRITICAL)
catalog = get_service_catalog()
parsers = {}


def request_of(line):
    path, _, query = line["url"].partition("?")
    authorization = f"AWS4-HMAC-SHA256 {line['headers']['authorization']}, SignedHeaders=host, Signature=0"
    return Request(
        method=line["method"], path=path, raw_path=path, query_string=query,
        headers={**line["headers"], "authorization": authorization}, body=base64.b64decode(line["body"]),
    )


def operation_in(model, line):
    protocol = determine_aws_protocol(request_of(line), model)
    key = (model.service_name, protocol)
    if key not in parsers:
        parsers[key] = create_parser(model, protocol)
    parser = parsers[key]
    if protocol.startswith("rest-"):
        # The operation alone: it does not matter here whether LocalStack can read the body.
        operation, _ = parser._operation_router.match(request_of(line))
    else:
        operation, _ = parser.parse(request_of(line))
    return f"{model.service_name}.{operation.name}"


def first(line):
    try:
        model = determine_aws_service_model(request_of(line))
        return "no service" if model is None else operation_in(model, line)
    except Exception as error:
        return type(error).__name__


def each(line):
    for service in catalog.by_signing_name(line["headers"]["authorization"].split("/")[3]):
        try:
            yield operation_in(catalog.get(service.name, service.protocol), line)
        except Exception:
            pass


for text in sys.stdin:
    given = json.loads(text)
    found = first(given)
    same = found == ".".join(given["expected"][:2])
    print(json.dumps({"first": found, "all": [found] if same else sorted(set(each(given)))}))
