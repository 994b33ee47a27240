"""Runs Python snippets with boto3, each in a process of its own that is forked when boto3 is loaded already.

Reads one job a line: {"id", "env", "script", "input", "folder"}. The job's output goes to the files `out` and `err` in its
folder; then `id code` is written to standard output. Ends with its standard input.
"""
import io
import json
import os
import signal
import sys
import traceback

import boto3
import botocore.session

# What a first client loads: the same in every child from here.
botocore.session.get_session().get_component("data_loader")
signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def run(job):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(job["env"])
    sys.stdin = io.StringIO(job["input"])
    sys.argv = ["-c"]
    code = 0
    with open(job["folder"] + "/out", "w") as sys.stdout, open(job["folder"] + "/err", "w") as sys.stderr:
        try:
            exec(compile(job["script"], "snippet", "exec"), {"__name__": "__main__"})
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            code = 1
            traceback.print_exc()
    # Shorter than PIPE_BUF: lines of children that end at once do not mix.
    os.write(1, f"{job['id']} {code}\n".encode())
    os._exit(0)


for line in sys.stdin:
    if os.fork() == 0:
        run(json.loads(line))
