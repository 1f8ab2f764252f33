"""Imports the entry modules as a cold start does: with their environment, and with dummy credentials."""

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from types import ModuleType
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-west-2",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
FUNCTION_ENVIRONMENT = {
    "ENVIRONMENT": "test",
    "POWERTOOLS_SERVICE_NAME": "test-service",
    "POWERTOOLS_METRICS_NAMESPACE": "ServerlessApp",
    "LOG_LEVEL": "INFO",
    "ANALYTICS_TABLE_NAME": "test-analytics-synth",
}
FOREIGN_VARIABLES = (
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "LAMBDA_TASK_ROOT",
    "POWERTOOLS_DEV",
    "POWERTOOLS_LOG_LEVEL",
    "POWERTOOLS_LOGGER_LOG_EVENT",
    "POWERTOOLS_METRICS_DISABLED",
)


@dataclass
class FakeContext:
    """What Lambda hands to a handler, as far as handlers use it."""

    function_name: str = "test-function"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-west-2:123456789012:function:test-function"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"
    remaining_milliseconds: int = 300_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_milliseconds


@dataclass(frozen=True)
class Output:
    """What an invocation printed: log lines, and the metrics among them by name."""

    logs: list[dict[str, Any]]
    metrics: dict[str, Any]

    def at(self, level: str) -> list[dict[str, Any]]:
        return [line for line in self.logs if line["level"] == level]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test from the credentials, endpoints and settings of the machine it runs on."""
    for name in FOREIGN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in (AWS_ENVIRONMENT | FUNCTION_ENVIRONMENT).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def context() -> FakeContext:
    return FakeContext()


@pytest.fixture
def dynamodb() -> "DynamoDBClient":
    """A client that makes one attempt of each request."""
    return boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def log() -> StringIO:
    """Where the logger of an entry module writes."""
    return StringIO()


@pytest.fixture
def cold_start(monkeypatch: pytest.MonkeyPatch, log: StringIO) -> Callable[..., ModuleType]:
    """Import an entry module again, given its name and its own environment variables."""

    def load(name: str, **environment: str) -> ModuleType:
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.delitem(sys.modules, f"handlers.{name}", raising=False)
        module = importlib.import_module(f"handlers.{name}")
        monkeypatch.setattr(module.logger.registered_handler, "stream", log)
        return module

    return load


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str], log: StringIO) -> Callable[[], Output]:
    """What was logged and measured since it was last asked for."""

    def read() -> Output:
        logs = [json.loads(line) for line in log.getvalue().splitlines()]
        log.seek(log.truncate(0))
        metrics: dict[str, Any] = {}
        for line in capsys.readouterr().out.splitlines():
            metrics |= json.loads(line)
        return Output(logs, metrics)

    return read
