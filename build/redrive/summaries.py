"""Making the summary of a day again."""

from datetime import date
from typing import TYPE_CHECKING

from build.executions import execute

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

LARGEST_BATCH_SIZE = 1000


def recompute(client: "SFNClient", state_machine: str, day: date) -> str | None:
    """Run the workflow for a day, and wait until the execution has ended.

    Args:
        client: of Step Functions.
        state_machine: ARN of the workflow.
        day: in UTC, not in the future.

    Returns:
        Why there is no new summary; None when there is.
    """
    request = {"dataType": "DAILY_ANALYTICS", "batchSize": LARGEST_BATCH_SIZE, "date": day.isoformat()}
    execution = execute(client, state_machine, request)
    if execution.status == "SUCCEEDED":
        return None
    return f"the execution {execution.arn} is {execution.status}, {execution.cause or 'without a cause'}"
