"""Making a summary again: exact calls, and how an execution can end."""

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from build import aws
from build.redrive.summaries import recompute
from tests.build.redrive.failures import PIPELINE
from tests.build.support import Stubs

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

EXECUTION = PIPELINE.state_machine.replace("stateMachine", "execution") + ":1"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = date(2026, 3, 1)


@pytest.fixture
def workflow(stubs: Stubs, monkeypatch: pytest.MonkeyPatch) -> "SFNClient":
    monkeypatch.setattr(aws, "sleep", lambda seconds: None)
    return stubs.clients.workflow


@pytest.fixture
def stub(stubs: Stubs) -> Stubber:
    return stubs.of("workflow")


def started(stub: Stubber) -> None:
    request = {"dataType": "DAILY_ANALYTICS", "batchSize": 1000, "date": "2026-03-01"}
    call = {"stateMachineArn": PIPELINE.state_machine, "input": json.dumps(request)}
    stub.add_response("start_execution", {"executionArn": EXECUTION, "startDate": NOW}, call)


def is_found(stub: Stubber, status: str, **more: str) -> None:
    description = {"stateMachineArn": PIPELINE.state_machine, "executionArn": EXECUTION, "startDate": NOW}
    stub.add_response("describe_execution", {**description, "status": status, **more}, {"executionArn": EXECUTION})


def test_an_execution_is_followed_to_its_end(workflow: "SFNClient", stub: Stubber) -> None:
    started(stub)
    is_found(stub, "RUNNING")
    stub.add_client_error("describe_execution", "ThrottlingException")
    is_found(stub, "RUNNING")
    is_found(stub, "SUCCEEDED")
    assert recompute(workflow, PIPELINE.state_machine, DAY) is None


@pytest.mark.parametrize(
    "status, more, why",
    [
        ("FAILED", {"cause": "no such table"}, "no such table"),
        ("TIMED_OUT", {}, "without a cause"),
        ("ABORTED", {}, "without a cause"),
    ],
)
def test_every_other_end_is_reported(
    workflow: "SFNClient", stub: Stubber, status: str, more: dict[str, str], why: str
) -> None:
    started(stub)
    is_found(stub, status, **more)
    assert recompute(workflow, PIPELINE.state_machine, DAY) == f"the execution {EXECUTION} is {status}, {why}"


def test_a_workflow_that_may_not_be_started_ends_the_command(workflow: "SFNClient", stub: Stubber) -> None:
    stub.add_client_error("start_execution", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        recompute(workflow, PIPELINE.state_machine, DAY)
