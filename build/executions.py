"""Executions of the workflow, started by hand and followed to their end."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from build.aws import until
from build.progress import NullProgress

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

_FIRST_PAUSE = 0.1
"""Seconds; an execution may end within one."""


@dataclass(frozen=True)
class WorkflowExecution:
    """An execution that has ended: what it was given, how it ended and, if not well, why."""

    arn: str
    input: Mapping[str, Any]
    status: str
    error: str | None
    cause: str | None


def execute(client: "SFNClient", state_machine: str, request: Mapping[str, Any]) -> WorkflowExecution:
    """Start an execution and wait until it has ended, which the state machine's own time-out guarantees.

    Args:
        client: of Step Functions.
        state_machine: its ARN.
        request: the input.
    """
    (execution,) = execute_all(client, state_machine, [request])
    return execution


def execute_all(
    client: "SFNClient", state_machine: str, requests: Sequence[Mapping[str, Any]]
) -> list[WorkflowExecution]:
    """Start executions side by side and wait until all have ended; the result is in the order of the requests."""
    arns = [_start(client, state_machine, request) for request in requests]
    return [_followed(client, arn, request) for arn, request in zip(arns, requests, strict=True)]


def _start(client: "SFNClient", state_machine: str, request: Mapping[str, Any]) -> str:
    return client.start_execution(stateMachineArn=state_machine, input=json.dumps(request))["executionArn"]


def _followed(client: "SFNClient", arn: str, request: Mapping[str, Any]) -> WorkflowExecution:
    execution = until(lambda: _ended(client, arn), NullProgress().waiting, _FIRST_PAUSE)
    return WorkflowExecution(arn, request, execution["status"], execution.get("error"), execution.get("cause"))


def _ended(client: "SFNClient", arn: str) -> "DescribeExecutionOutputTypeDef | None":
    """An execution that has ended; None while it runs."""
    execution = client.describe_execution(executionArn=arn)
    return None if execution["status"] == "RUNNING" else execution
