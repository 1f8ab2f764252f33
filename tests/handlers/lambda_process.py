"""Entry modules in a process of their own with the environment of Lambda: what they print, and the traces they send."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TRACE = "Root=1-6740b0a0-000000000000000000000001;Parent=0000000000000001;Sampled=1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-west-2",
    "AWS_DEFAULT_REGION": "us-west-2",
    "ENVIRONMENT": "test",
    "LAMBDA_TASK_ROOT": "/var/task",
    "POWERTOOLS_SERVICE_NAME": "test-service",
    "POWERTOOLS_METRICS_NAMESPACE": "ServerlessApp",
    "ANALYTICS_TABLE_NAME": "test-analytics-synth",
    "_X_AMZN_TRACE_ID": TRACE,
}
LARGEST_DATAGRAM = 65_507


@dataclass(frozen=True)
class Invocations:
    """What a function printed, and the segments that it sent to the X-Ray daemon, in order."""

    lines: list[dict[str, Any]]
    segments: list[dict[str, Any]]

    def logs(self) -> list[dict[str, Any]]:
        """The lines of the logger."""
        return [line for line in self.lines if "level" in line]

    def cold_starts(self) -> list[dict[str, Any]]:
        """The metrics that count a cold start."""
        return [line for line in self.lines if "ColdStart" in line]

    def handler_segments(self) -> list[dict[str, Any]]:
        """The segments of the handler, without those of its calls."""
        return [segment for segment in self.segments if segment["name"] == "## handler"]


def invoke(name: str, variables: dict[str, str], *events: Any) -> Invocations:
    """Invoke the handler of an entry module with one event after another; each write is taken, each count is 0."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(0)
        address = {"AWS_XRAY_DAEMON_ADDRESS": "{}:{}".format(*daemon.getsockname())}
        process = subprocess.run(
            [sys.executable, "-m", __spec__.name, name],
            cwd=ROOT,
            env={"PATH": os.defpath, **ENVIRONMENT, **variables, **address},
            input=json.dumps(events),
            capture_output=True,
            text=True,
            check=True,
        )
        return Invocations(list(map(json.loads, process.stdout.splitlines())), _received(daemon))


def _received(daemon: socket.socket) -> list[dict[str, Any]]:
    """The segments in the datagrams that have arrived."""
    segments: list[dict[str, Any]] = []
    while True:
        try:
            datagram = daemon.recv(LARGEST_DATAGRAM)
        except BlockingIOError:
            return segments
        segments.append(json.loads(datagram.partition(b"\n")[2]))


def _main(name: str) -> None:
    """Import the module and invoke it, as a new execution environment does."""
    import importlib

    from tests.handlers.conftest import FakeContext
    from tests.handlers.fake_dynamodb import FakeDynamoDB

    module = importlib.import_module(f"handlers.{name}")
    if hasattr(module, "dynamodb"):
        FakeDynamoDB(module.dynamodb, ENVIRONMENT["ANALYTICS_TABLE_NAME"])
    for event in json.load(sys.stdin):
        module.handler(event, FakeContext())


if __name__ == "__main__":
    _main(sys.argv[1])
