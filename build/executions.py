"""Executions of the workflow, started by hand and followed to their end."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from build.aws import until
from build.progress import NullProgress

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef


@dataclass(frozen=True)
class Execution:
    """An execution that has ended: what it was given, how it ended and, if not well, why."""

    arn: str
    input: dict[str, Any]
    status: str
    error: str | None
    cause: str | None


def execute(client: "SFNClient", state_machine: str, request: dict[str, Any]) -> Execution:
    """Start an execution and wait until it has ended, which the state machine's own time-out guarantees.

    Args:
        client: of Step Functions.
        state_machine: its ARN.
        request: the input.
    """
    arn = client.start_execution(stateMachineArn=state_machine, input=json.dumps(request))["executionArn"]
    execution = until(lambda: ended(client, arn), NullProgress().waiting)
    return Execution(arn, request, execution["status"], execution.get("error"), execution.get("cause"))


def ended(client: "SFNClient", arn: str) -> "DescribeExecutionOutputTypeDef | None":
    """An execution that has ended; None while it runs."""
    execution = client.describe_execution(executionArn=arn)
    return None if execution["status"] == "RUNNING" else execution
