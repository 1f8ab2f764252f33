"""A process made like one of Lambda's: its environment variables, a context, counted logs."""

import io
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from stack.config import DEFAULT_REGION

_RUNTIME_VARIABLES = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": DEFAULT_REGION,
    "AWS_DEFAULT_REGION": DEFAULT_REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_LAMBDA_FUNCTION_NAME": "function",
    "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
    "LAMBDA_TASK_ROOT": "/var/task",
    "NO_PROXY": "127.0.0.1",
    "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0",
}
"""What Lambda sets, as far as boto3 and Powertools read it, for a request whose trace is not recorded."""


@dataclass(frozen=True)
class LambdaContext:
    """What Lambda hands to a handler, as far as handlers use it."""

    function_name: str = "function"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = f"arn:aws:lambda:{DEFAULT_REGION}:123456789012:function:function"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """As though every invocation had just begun."""
        return 300_000


class CountedLog(io.TextIOBase):
    """Standard output that keeps nothing and knows how many bytes were written."""

    def __init__(self) -> None:
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        self.size += len(text.encode())
        return len(text)


def function_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """What a function's process gets to see: nothing of the user's but the way to find programs."""
    return {"PATH": os.environ.get("PATH", os.defpath), **_RUNTIME_VARIABLES, **variables}


def enter_function(variables: Mapping[str, str]) -> CountedLog:
    """Make this process like one of a function's, before any of its code is imported.

    Args:
        variables: environment variables of the function, and where its DynamoDB is.

    Returns:
        Where everything goes that the function prints from now on.
    """
    environment = function_environment(variables)
    os.environ.clear()
    os.environ.update(environment)
    log = CountedLog()
    sys.stdout = log
    return log
