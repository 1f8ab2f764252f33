"""Executions of the workflow, started by hand and followed to their end."""

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Execution:
    """An execution that has ended: what it was given, how it ended and, if not well, why."""

    input: dict[str, Any]
    status: str
    error: str | None
    cause: str | None


def execute(workflow: "SFNClient", state_machine: str, request: dict[str, Any]) -> Execution:
    """Start an execution and wait until it has ended, which the state machine's own time-out guarantees.

    Args:
        workflow: client of Step Functions.
        state_machine: its ARN.
        request: the input.
    """
    arn = workflow.start_execution(stateMachineArn=state_machine, input=json.dumps(request))["executionArn"]
    while (ended := workflow.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return Execution(request, ended["status"], ended.get("error"), ended.get("cause"))
