"""Writes one request per operation and declared protocol, as botocore itself serialises it, one JSON object a line.

With the first argument `all`, optional members are filled in too, some levels deep; otherwise, what is required. With
`SHARE SEED` after it, one service of SHARE is written, drawn by the seed.
"""
import base64
import json
import re
import sys
import zlib
from urllib.parse import urlencode

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.serialize import create_serializer
from botocore.utils import percent_encode_sequence

ROLE = re.compile(r"role_?arn$", re.IGNORECASE)
ALL = sys.argv[1:2] == ["all"]
SHARE, SEED = [int(each) for each in sys.argv[2:4] or (1, 0)]
SCALARS = {
    "integer": 1, "long": 1, "float": 1.5, "double": 1.5, "boolean": True, "blob": b"x",
    "timestamp": "2020-01-01T00:00:00Z",
}


def sample(shape, depth):
    kind = shape.type_name
    if kind in SCALARS:
        return SCALARS[kind]
    if kind == "string" and ROLE.search(shape.name):
        return "arn:aws:iam::111122223333:role/passed"
    if kind == "string":
        return shape.enum[0] if shape.enum else "abc"
    if kind == "list":
        return [sample(shape.member, depth + 1)]
    if kind == "map":
        return {"k1": sample(shape.value, depth + 1)}
    if getattr(shape, "eventstream", False):
        return None
    if getattr(shape, "is_document_type", False):
        return {"a": "b"}
    if depth > 6:
        return {}
    members = shape.members.items()
    if ALL and depth > 2:
        return {}
    if getattr(shape, "is_tagged_union", False):
        return {name: sample(member, depth + 1) for name, member in list(members)[:1]}
    return {name: sample(member, depth + 1) for name, member in members if ALL or name in shape.required_members}


def parameters(operation):
    shape = operation.input_shape
    if shape is None:
        return {}
    wanted = {
        name: sample(member, 0)
        for name, member in shape.members.items()
        if ALL or name in shape.required_members or member.serialization.get("location") == "uri"
    }
    return {name: value for name, value in wanted.items() if value is not None}


def line(service, model, protocol, operation):
    request = create_serializer(protocol, False).serialize_to_request(parameters(operation), operation)
    body = request["body"]
    if isinstance(body, dict):
        body = urlencode(body, doseq=True)
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    url = request["url_path"]
    query = request.get("query_string") or ""
    if query:
        query = query if isinstance(query, str) else percent_encode_sequence(query)
        url += ("&" if "?" in url else "?") + query
    headers = {name: str(value) for name, value in request["headers"].items()}
    if protocol in ("query", "ec2"):
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    headers["host"] = f"{model.endpoint_prefix}.us-east-1.amazonaws.com"
    headers["authorization"] = f"Credential=AKID/20260101/us-east-1/{model.signing_name}/aws4_request"
    return {
        "expected": [service, operation.name, protocol], "method": request["method"], "url": url,
        "headers": headers, "body": base64.b64encode(body).decode(),
    }


loader = Loader()
for service in loader.list_available_services("service-2"):
    if zlib.crc32(f"{SEED} {service}".encode()) % SHARE:
        continue
    model = ServiceModel(loader.load_service_model(service, "service-2"), service)
    for protocol in model.metadata.get("protocols") or [model.metadata["protocol"]]:
        for name in model.operation_names:
            try:
                print(json.dumps(line(service, model, protocol, model.operation_model(name))))
            except Exception as error:
                print(f"{service}.{name} {protocol}: {error!r}", file=sys.stderr)
