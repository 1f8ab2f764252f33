"""Runs in a process of its own, as Lambda's runtime does: one handler, one event, and the answer into a file."""

import importlib
import json
import os
import sys
from pathlib import Path
from time import monotonic

SECONDS = 300


class Context:
    """What Lambda hands to a handler."""

    function_name = "function"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-west-2:123456789012:function:function"
    aws_request_id = "00000000-0000-4000-8000-000000000000"
    deadline = monotonic() + SECONDS

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self.deadline - monotonic()))


def run(answer: Path, *folders: str) -> None:
    """Answer the event on standard input, given the folders of code, layer and the runtime's own packages."""
    sys.path[:0] = folders
    module, _, name = os.environ["_HANDLER"].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    answer.write_text(json.dumps(handler(json.load(sys.stdin), Context())))


if __name__ == "__main__":
    run(Path(sys.argv[1]), *sys.argv[2:])
