"""Executions of the workflow, started by hand and followed to their end."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from build.aws import until
from build.progress import NullProgress
from handlers.summaries import DAILY_ANALYTICS

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

    @property
    def problem(self) -> str | None:
        """Why it did not do what it was asked for, as a clause; None when it did."""
        if self.status == "SUCCEEDED":
            return None
        return f"the execution {self.arn} is {self.status}, {self.cause or 'without a cause'}"


def summary_request(day: date) -> dict[str, Any]:
    """The input that has the workflow summarise a UTC day, which is not in the future."""
    return {"dataType": DAILY_ANALYTICS, "date": day.isoformat()}


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
    arns = [start_execution(client, state_machine, request) for request in requests]
    return [follow_execution(client, arn, request) for arn, request in zip(arns, requests, strict=True)]


def running_executions(client: "SFNClient", state_machine: str) -> "Iterator[DescribeExecutionOutputTypeDef]":
    """The executions that are running, whoever started them."""
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=state_machine, statusFilter="RUNNING")
    for page in pages:
        for execution in page["executions"]:
            yield client.describe_execution(executionArn=execution["executionArn"])


def start_execution(client: "SFNClient", state_machine: str, request: Mapping[str, Any]) -> str:
    """Start an execution; returns its ARN."""
    return client.start_execution(stateMachineArn=state_machine, input=json.dumps(request))["executionArn"]


def follow_execution(client: "SFNClient", arn: str, request: Mapping[str, Any]) -> WorkflowExecution:
    """Wait until an execution has ended, given its ARN and its input."""
    execution = until(lambda: _ended(client, arn), NullProgress().waiting, _FIRST_PAUSE)
    return WorkflowExecution(arn, request, execution["status"], execution.get("error"), execution.get("cause"))


def _ended(client: "SFNClient", arn: str) -> "DescribeExecutionOutputTypeDef | None":
    """An execution that has ended; None while it runs."""
    execution = client.describe_execution(executionArn=arn)
    return None if execution["status"] == "RUNNING" else execution
