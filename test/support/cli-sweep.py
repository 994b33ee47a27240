"""Calls one operation of each service that is named with the AWS CLI, and prints where each call went.

Without a name it prints the names of all services.
The calls are made in this process, in the environment that it has. Nothing is sent: a call ends when its URL is known.
"""
import contextlib, io, json, sys
import awscli.clidriver, botocore.httpsession, botocore.session
from botocore import xform_name
from botocore.utils import ArgumentGenerator


class Sent(BaseException):
    pass


urls = []
really_send = botocore.httpsession.URLLib3Session.send


def send(self, request):
    # Credentials are fetched before a call is made.
    if '/.moderato/' in request.url:
        return really_send(self, request)
    urls.append(request.url)
    raise Sent()


botocore.httpsession.URLLib3Session.send = send


def arguments(model, name):
    shape = model.operation_model(name).input_shape
    required = [] if shape is None else shape.required_members
    if not required:
        return []
    made = ArgumentGenerator().generate_skeleton(shape)
    return ['--cli-input-json', json.dumps({each: made[each] or 'x' * 36 for each in required}, default=str)]


def went(service):
    """The URL of the first call that the CLI makes; of an operation with few parameters, which are easiest to make up."""
    model = botocore.session.get_session().get_service_model(service)
    names = sorted(model.operation_names, key=lambda each: (len(arguments(model, each)), len(each), each))
    for name in names[:4]:
        urls.clear()
        quiet = contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO())
        with quiet[0], quiet[1], contextlib.suppress(Sent, SystemExit, Exception):
            awscli.clidriver.create_clidriver().main([service, xform_name(name, '-'), *arguments(model, name)])
        if urls:
            return urls[0]
    return None


known = botocore.session.get_session().get_available_services()
print(json.dumps({service: went(service) for service in sys.argv[1:]} if len(sys.argv) > 1 else known))
