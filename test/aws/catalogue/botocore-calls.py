"""Writes each call that it reads (one JSON object a line) as the request that botocore sends, one JSON object a line.

Reads `{"service", "call", "params"}`, where `{"__bytes__": text}` stands for bytes. Nothing is sent.
"""
import base64
import json
import sys

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config

session = botocore.session.get_session()
session.set_credentials("AKIDEXAMPLE", "secret")
clients = {}
sent = []


class Answer:
    """An answer without use, but for clients that first ask where to send their call."""

    def __init__(self, url):
        address = url.split("/")[2]
        self.bytes = json.dumps({"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1}]}).encode()

    def stream(self, **_):
        return iter([self.bytes])

    def read(self, *_):
        return self.bytes


def before_send(request, **_):
    sent.append(request)
    return AWSResponse(request.url, 200, {}, Answer(request.url))


def client_of(service):
    if service not in clients:
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        client = session.create_client(service, region_name="us-east-1", config=config)
        client.meta.events.register_first("before-send", before_send)
        clients[service] = client
    return clients[service]


def decoded(value):
    if isinstance(value, dict):
        if "__bytes__" in value:
            return value["__bytes__"].encode()
        return {name: decoded(each) for name, each in value.items()}
    return [decoded(each) for each in value] if isinstance(value, list) else value


def request_of(service, call, params):
    sent.clear()
    try:
        getattr(client_of(service), call)(**decoded(params))
    except Exception as error:  # the answer cannot be parsed; only a request that was not made is an error
        if not sent:
            return {"error": repr(error)}
    request = sent[-1]
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    url = request.url.split("://", 1)[1]
    host, slash, rest = url.partition("/")
    text = lambda value: value.decode() if isinstance(value, bytes) else str(value)
    headers = {text(name): text(value) for name, value in request.headers.items()}
    headers.setdefault("host", host)
    return {
        "method": request.method, "url": slash + rest or "/", "headers": headers,
        "body": base64.b64encode(body if isinstance(body, bytes) else body.encode()).decode(),
    }


for line in sys.stdin:
    given = json.loads(line)
    print(json.dumps(request_of(given["service"], given["call"], given["params"])))
