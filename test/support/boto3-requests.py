"""Reads calls from standard input, one JSON object a line (service, call, params), and prints the request that botocore
makes of each: scope, method, target, headers and the body in base64. Nothing is sent."""
import base64
import json
import sys
from urllib.parse import urlsplit

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config


class Raw:
    def stream(self, **_):
        return iter([b""])


def decoded(value):
    if isinstance(value, dict):
        if list(value) == ["__bytes__"]:
            return value["__bytes__"].encode()
        return {key: decoded(each) for key, each in value.items()}
    return [decoded(each) for each in value] if isinstance(value, list) else value


session = botocore.session.get_session()
session.set_credentials("AKIDEXAMPLE", "secret")
clients = {}
seen = []


def capture(request, **_):
    seen.append(request)
    return AWSResponse(request.url, 400, {}, Raw())


def client_of(service):
    if service not in clients:
        config = Config(retries={"max_attempts": 0}, parameter_validation=False)
        clients[service] = session.create_client(service, region_name="us-east-1", config=config)
        clients[service].meta.events.register("before-send", capture)
    return clients[service]


def line(call):
    client = client_of(call["service"])
    seen.clear()
    try:
        getattr(client, call["call"])(**decoded(call["params"]))
    except Exception as error:
        if not seen:
            return {"error": repr(error)}
    request = seen[0]
    url = urlsplit(request.url)
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    headers = [text for name, value in request.headers.items()
               for text in (name, value.decode() if isinstance(value, bytes) else str(value))]
    return {
        "scope": client.meta.service_model.signing_name, "method": request.method,
        "target": url.path + (f"?{url.query}" if url.query else ""),
        "headers": headers, "body": base64.b64encode(body).decode(),
    }


for text in sys.stdin:
    print(json.dumps(line(json.loads(text))))
