"""Making a summary again: exact calls, and how an execution can end."""

import json
from datetime import UTC, date, datetime

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from build.deployment import polling
from build.redrive.summaries import recompute
from tests.build.redrive.clients import client
from tests.build.redrive.failures import PIPELINE

EXECUTION = PIPELINE.state_machine.replace("stateMachine", "execution") + ":1"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = date(2026, 3, 1)


@pytest.fixture
def workflow(monkeypatch):
    monkeypatch.setattr(polling, "sleep", lambda seconds: None)
    return client("stepfunctions")


@pytest.fixture
def stub(workflow):
    with Stubber(workflow) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def started(stub):
    request = {"dataType": "DAILY_ANALYTICS", "batchSize": 1000, "date": "2026-03-01"}
    call = {"stateMachineArn": PIPELINE.state_machine, "input": json.dumps(request)}
    stub.add_response("start_execution", {"executionArn": EXECUTION, "startDate": NOW}, call)


def is_found(stub, status, **more):
    description = {"stateMachineArn": PIPELINE.state_machine, "executionArn": EXECUTION, "startDate": NOW}
    stub.add_response("describe_execution", {**description, "status": status, **more}, {"executionArn": EXECUTION})


def test_an_execution_is_followed_to_its_end(workflow, stub):
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
def test_every_other_end_is_reported(workflow, stub, status, more, why):
    started(stub)
    is_found(stub, status, **more)
    assert recompute(workflow, PIPELINE.state_machine, DAY) == f"the execution {EXECUTION} is {status}, {why}"


def test_a_workflow_that_may_not_be_started_ends_the_command(workflow, stub):
    stub.add_client_error("start_execution", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        recompute(workflow, PIPELINE.state_machine, DAY)
