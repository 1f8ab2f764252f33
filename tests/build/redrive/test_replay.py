"""Replaying: exact calls, splitting, and what an answer says about the records."""

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from build.redrive.failed_batch import FailedBatch
from build.redrive.replay import LARGEST_EVENT, encoded, events, replay
from tests.build.redrive.failures import USERS, record
from tests.build.support import Stubs

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

RECORDS = tuple(record(number) for number in range(3))
BATCH = FailedBatch(USERS, "RetryAttemptsExhausted", RECORDS)
NUMBERS = [one["dynamodb"]["SequenceNumber"] for one in RECORDS]


@pytest.fixture
def function(stubs: Stubs) -> "LambdaClient":
    return stubs.clients.functions


@pytest.fixture
def stub(stubs: Stubs) -> Stubber:
    return stubs.of("functions")


def invocation(*records: object) -> dict[str, Any]:
    """The call that replays records."""
    event = json.dumps({"Records": records}, separators=(",", ":")).encode()
    return {"FunctionName": USERS.function_arn, "InvocationType": "RequestResponse", "Payload": event}


def answer(content: bytes, **more: str) -> dict[str, Any]:
    """What Invoke answers."""
    return {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(content), len(content)), **more}


def failing(*identifiers: object) -> bytes:
    """A partial batch response."""
    return json.dumps({"batchItemFailures": [{"itemIdentifier": one} for one in identifiers]}).encode()


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
    assert replay(function, BATCH) == f"the function ended with {error}; its log says more"


def test_a_large_batch_is_split_and_every_part_is_replayed(function: "LambdaClient", stub: Stubber) -> None:
    stub.add_response("invoke", answer(failing(NUMBERS[0])), invocation(RECORDS[0]))
    stub.add_response("invoke", answer(failing()), invocation(RECORDS[1]))
    stub.add_response("invoke", answer(failing()), invocation(RECORDS[2]))
    problem = replay(function, BATCH, largest_event=len(encoded(RECORDS[:1])) + 1)
    assert problem is not None
    assert NUMBERS[0] in problem


def test_an_identifier_of_another_part_is_unknown(function: "LambdaClient", stub: Stubber) -> None:
    stub.add_response("invoke", answer(failing(NUMBERS[2])), invocation(*RECORDS[:2]))
    stub.add_response("invoke", answer(failing()), invocation(RECORDS[2]))
    problem = replay(function, BATCH, largest_event=2 * len(encoded(RECORDS[:1])))
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


def test_events_are_as_large_as_allowed_and_lose_nothing() -> None:
    text = "ü" * 100_000
    records = [record(number, eventID=f"{number}{text}") for number in range(25)]
    parts = list(events(records, LARGEST_EVENT))
    assert [one for part in parts for one in part] == records
    assert len(parts) == 3
    assert all(len(encoded(part)) <= LARGEST_EVENT for part in parts)


def test_a_record_larger_than_an_event_goes_alone() -> None:
    assert list(events(RECORDS, 1)) == [[one] for one in RECORDS]
