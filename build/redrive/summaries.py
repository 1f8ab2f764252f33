"""Making the summary of a day again."""

import json
from datetime import date
from typing import TYPE_CHECKING

from build.deployment.polling import until
from build.deployment.progress import Silence

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

LARGEST_BATCH_SIZE = 1000


def recompute(client: "SFNClient", state_machine: str, day: date) -> str | None:
    """Run the workflow for a day, and wait until the execution has ended, which its own time-out guarantees.

    Args:
        client: of Step Functions.
        state_machine: ARN of the workflow.
        day: in UTC, not in the future.

    Returns:
        Why there is no new summary; None when there is.
    """
    request = {"dataType": "DAILY_ANALYTICS", "batchSize": LARGEST_BATCH_SIZE, "date": day.isoformat()}
    arn = client.start_execution(stateMachineArn=state_machine, input=json.dumps(request))["executionArn"]
    execution = until(lambda: ended(client, arn), Silence().waiting)
    if execution["status"] == "SUCCEEDED":
        return None
    return f"the execution {arn} is {execution['status']}, {execution.get('cause') or 'without a cause'}"


def ended(client: "SFNClient", arn: str) -> "DescribeExecutionOutputTypeDef | None":
    """An execution that has ended; None while it runs."""
    execution = client.describe_execution(executionArn=arn)
    return None if execution["status"] == "RUNNING" else execution
