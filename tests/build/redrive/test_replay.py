"""Replaying a batch and recomputing a summary: exact calls, and what each answer means."""

import io
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from build import aws
from build.aws import Clients
from build.redrive.failed_events import FailedBatch
from build.redrive.replay import invoking_client, recompute_summary, replay
from stack.config import StackConfig
from tests.build.redrive.failure_records import PIPELINE, USERS, record
from tests.build.support import Stubs

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_stepfunctions import SFNClient

RECORDS = tuple(record(number) for number in range(3))
BATCH = FailedBatch(USERS, "RetryAttemptsExhausted", RECORDS)
NUMBERS = [record["dynamodb"]["SequenceNumber"] for record in RECORDS]
EXECUTION = PIPELINE.state_machine.replace("stateMachine", "execution") + ":1"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = date(2026, 3, 1)
ENDPOINT = "http://127.0.0.1:1"


@pytest.fixture
def function(stubs: Stubs) -> "LambdaClient":
    return stubs.clients.functions


@pytest.fixture
def stub(stubs: Stubs) -> Stubber:
    return stubs.of("functions")


def encoded(*records: object) -> bytes:
    """An event with these records, as short as JSON allows."""
    return json.dumps({"Records": records}, separators=(",", ":")).encode()


def invocation(*records: object) -> dict[str, Any]:
    """The call that replays records."""
    return {"FunctionName": USERS.function_arn, "InvocationType": "RequestResponse", "Payload": encoded(*records)}


def answer(content: bytes, **more: str) -> dict[str, Any]:
    """What Invoke answers."""
    return {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(content), len(content)), **more}


def failing(*identifiers: object) -> bytes:
    """A partial batch response."""
    return json.dumps({"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}).encode()


@pytest.mark.parametrize("content", [failing(), b'{"batchItemFailures": null}', b"{}", b"null", b""])
def test_no_failures_mean_that_all_is_recorded(function: "LambdaClient", stub: Stubber, content: bytes) -> None:
    stub.add_response("invoke", answer(content), invocation(*RECORDS))
    assert replay(function, BATCH) is None


@pytest.mark.parametrize(
    "content, first",
    [
        (failing(NUMBERS[1]), 1),
        (failing(NUMBERS[2], NUMBERS[1]), 1),
        (failing(*NUMBERS), 0),
        (failing(None), 0),
        (failing(""), 0),
        (failing("0"), 0),
        (failing(5), 0),
        (b'{"batchItemFailures": [{"identifier": "1"}]}', 0),
        (b'{"batchItemFailures": "all"}', 0),
        (b"[1]", 0),
        (b"recorded", 0),
    ],
)
def test_any_failure_and_anything_unknown_keeps_the_object(
    function: "LambdaClient", stub: Stubber, content: bytes, first: int
) -> None:
    stub.add_response("invoke", answer(content), invocation(*RECORDS))
    problem = replay(function, BATCH)
    assert problem == f"the function did not record all, from {NUMBERS[first]} on; its log gives the reasons"


@pytest.mark.parametrize(
    "content, error",
    [
        (b'{"errorType": "Sandbox.Timedout", "errorMessage": "secret"}', "Sandbox.Timedout"),
        (b'{"errorType": "Bad\\u001bType"}', "Bad Type"),
        (b'{"errorMessage": "secret"}', "Unhandled"),
        (b"[]", "Unhandled"),
        (b"secret", "Unhandled"),
    ],
)
def test_an_error_of_the_function_is_named_by_its_type_alone(
    function: "LambdaClient", stub: Stubber, content: bytes, error: str
) -> None:
    stub.add_response("invoke", answer(content, FunctionError="Unhandled"), invocation(*RECORDS))
    assert replay(function, BATCH) == f"the function failed with {error}; its log says more"


def test_a_large_batch_is_split_and_every_part_is_replayed(function: "LambdaClient", stub: Stubber) -> None:
    stub.add_response("invoke", answer(failing(NUMBERS[0])), invocation(RECORDS[0]))
    stub.add_response("invoke", answer(failing()), invocation(RECORDS[1]))
    stub.add_response("invoke", answer(failing()), invocation(RECORDS[2]))
    problem = replay(function, BATCH, largest_event=len(encoded(RECORDS[0])) + 1)
    assert problem is not None
    assert NUMBERS[0] in problem


def test_an_identifier_of_another_part_is_unknown(function: "LambdaClient", stub: Stubber) -> None:
    stub.add_response("invoke", answer(failing(NUMBERS[2])), invocation(*RECORDS[:2]))
    stub.add_response("invoke", answer(failing()), invocation(RECORDS[2]))
    problem = replay(function, BATCH, largest_event=2 * len(encoded(RECORDS[0])))
    assert problem is not None
    assert NUMBERS[0] in problem


@pytest.mark.parametrize("code", ["InvalidRequestContentException", "RequestTooLargeException"])
def test_an_event_that_lambda_refuses_is_a_failure_of_its_object(
    function: "LambdaClient", stub: Stubber, code: str
) -> None:
    stub.add_client_error("invoke", code, "Too large.", http_status_code=413)
    assert replay(function, BATCH) == "Lambda refuses the event: Too large"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "TooManyRequestsException"])
def test_a_function_that_cannot_be_invoked_ends_the_command(function: "LambdaClient", stub: Stubber, code: str) -> None:
    stub.add_client_error("invoke", code)
    with pytest.raises(ClientError, match=code):
        replay(function, BATCH)


def test_events_are_as_large_as_allowed_and_lose_nothing(function: "LambdaClient", stub: Stubber) -> None:
    payloads: list[bytes] = []
    function.meta.events.register(
        "provide-client-params.lambda.Invoke", lambda params, **_: payloads.append(params["Payload"])
    )
    for _ in range(3):
        stub.add_response("invoke", answer(failing()))
    text = "ü" * 100_000
    records = tuple(record(number, eventID=f"{number}{text}") for number in range(25))
    assert replay(function, FailedBatch(USERS, "RetryAttemptsExhausted", records)) is None
    assert tuple(replayed for payload in payloads for replayed in json.loads(payload)["Records"]) == records
    assert len(payloads) == 3
    assert all(len(payload) <= 6_000_000 for payload in payloads)


def test_a_record_larger_than_an_event_goes_alone(function: "LambdaClient", stub: Stubber) -> None:
    for sent in RECORDS:
        stub.add_response("invoke", answer(failing()), invocation(sent))
    assert replay(function, BATCH, largest_event=1) is None
    stub.assert_no_pending_responses()


def test_an_answer_is_awaited_for_as_long_as_a_function_may_run() -> None:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1")
    clients = Clients(session, "us-west-2", ENDPOINT)
    invoking: Any = invoking_client(clients, StackConfig())
    workflow: Any = clients.workflow
    assert invoking.meta.config.read_timeout > 300
    for client in (invoking, workflow):
        assert client.meta.config.retries["mode"] == "adaptive"
        assert (client.meta.region_name, client.meta.endpoint_url) == ("us-west-2", ENDPOINT)


@pytest.fixture
def workflow(stubs: Stubs, monkeypatch: pytest.MonkeyPatch) -> "SFNClient":
    monkeypatch.setattr(aws, "sleep", lambda seconds: None)
    return stubs.clients.workflow


@pytest.fixture
def workflow_stub(stubs: Stubs) -> Stubber:
    return stubs.of("workflow")


def started(workflow_stub: Stubber) -> None:
    request = {"dataType": "DAILY_ANALYTICS", "date": "2026-03-01"}
    call = {"stateMachineArn": PIPELINE.state_machine, "input": json.dumps(request)}
    workflow_stub.add_response("start_execution", {"executionArn": EXECUTION, "startDate": NOW}, call)


def is_found(workflow_stub: Stubber, status: str, **more: str) -> None:
    description = {"stateMachineArn": PIPELINE.state_machine, "executionArn": EXECUTION, "startDate": NOW}
    workflow_stub.add_response(
        "describe_execution", {**description, "status": status, **more}, {"executionArn": EXECUTION}
    )


def test_an_execution_is_followed_to_its_end(workflow: "SFNClient", workflow_stub: Stubber) -> None:
    started(workflow_stub)
    is_found(workflow_stub, "RUNNING")
    workflow_stub.add_client_error("describe_execution", "ThrottlingException")
    is_found(workflow_stub, "RUNNING")
    is_found(workflow_stub, "SUCCEEDED")
    assert recompute_summary(workflow, PIPELINE.state_machine, DAY) is None


@pytest.mark.parametrize(
    "status, more, why",
    [
        ("FAILED", {"cause": "no such table"}, "no such table"),
        ("TIMED_OUT", {}, "without a cause"),
        ("ABORTED", {}, "without a cause"),
    ],
)
def test_every_other_end_is_reported(
    workflow: "SFNClient", workflow_stub: Stubber, status: str, more: dict[str, str], why: str
) -> None:
    started(workflow_stub)
    is_found(workflow_stub, status, **more)
    assert recompute_summary(workflow, PIPELINE.state_machine, DAY) == f"the execution {EXECUTION} is {status}, {why}"


def test_a_workflow_that_may_not_be_started_ends_the_command(workflow: "SFNClient", workflow_stub: Stubber) -> None:
    workflow_stub.add_client_error("start_execution", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        recompute_summary(workflow, PIPELINE.state_machine, DAY)
