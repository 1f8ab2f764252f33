"""Invoking the function, and reading which records it could not process."""

import io
from typing import Any, NoReturn

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    ReadTimeoutError,
)

from build.poller.invocation import (
    AnswerLost,
    Attempt,
    Function,
    FunctionUnreached,
    LambdaFunction,
    Response,
    count_before_first_failure,
    invoke_batch,
)
from tests.build.poller.fakes import FUNCTION_ARN, aws_error, response

NUMBERS = ("101", "102", "103")
SUCCESSES = [
    b"",
    b"null",
    b"{}",
    b'""',
    b'{"batchItemFailures": []}',
    b'{"batchItemFailures": null}',
    b'{"statusCode": 200}',
]
FAILURES = [
    b'{"batchItemFailures": [{"itemIdentifier": ""}]}',
    b'{"batchItemFailures": [{"itemIdentifier": null}]}',
    b'{"batchItemFailures": [{"itemIdentifier": "999"}]}',
    b'{"batchItemFailures": [{"itemIdentifier": 102}]}',
    b'{"batchItemFailures": [{"itemIdentifier": ["102"]}]}',
    b'{"batchItemFailures": [{"itemidentifier": "102"}]}',
    b'{"batchItemFailures": [{}]}',
    b'{"batchItemFailures": ["102"]}',
    b'{"batchItemFailures": [{"itemIdentifier": "103"}, {"itemIdentifier": ""}]}',
    b'{"batchItemFailures": "102"}',
    b'{"batchItemFailures": 102}',
    b'"done"',
    b"[1]",
    b"not JSON",
]


class FakeClient:
    """A Lambda client with one answer, or one error."""

    def __init__(self, error: Exception | None = None, body: bytes = b"null", **answer: Any) -> None:
        self.error = error
        self.answer: dict[str, Any] = {
            "StatusCode": 200,
            "ResponseMetadata": {"RequestId": "request"},
            "Payload": io.BytesIO(body),
            **answer,
        }
        self.calls: list[dict[str, object]] = []

    def invoke(self, **arguments: object) -> dict[str, Any]:
        self.calls.append(arguments)
        if self.error:
            raise self.error
        return self.answer


class BrokenBody:
    """A response body that ends too early."""

    def read(self) -> NoReturn:
        raise IncompleteReadError(actual_bytes=1, expected_bytes=2)


def invoke(client: Any) -> Response:
    return LambdaFunction(client, FUNCTION_ARN)(b"{}")


@pytest.mark.parametrize("answer", SUCCESSES)
def test_an_empty_or_null_response_or_list_is_success(answer: bytes) -> None:
    assert count_before_first_failure(NUMBERS, answer) == 3


@pytest.mark.parametrize("answer", FAILURES)
def test_a_malformed_response_or_identifier_fails_the_whole_batch(answer: bytes) -> None:
    assert count_before_first_failure(NUMBERS, answer) == 0


@pytest.mark.parametrize(("failed", "done"), [(["101"], 0), (["102"], 1), (["103"], 2), (["103", "102"], 1)])
def test_the_lowest_sequence_number_is_the_checkpoint(failed: list[str], done: int) -> None:
    answer = response({"batchItemFailures": [{"itemIdentifier": number} for number in failed]})
    assert count_before_first_failure(NUMBERS, answer.payload) == done


def test_a_response_counts_only_if_the_mapping_reports_item_failures() -> None:
    answer = response({"batchItemFailures": [{"itemIdentifier": "102"}]})
    assert invoke_batch(lambda _: answer, b"{}", NUMBERS, report_batch_item_failures=False).succeeded == 3
    assert invoke_batch(lambda _: answer, b"{}", NUMBERS, report_batch_item_failures=True).succeeded == 1


@pytest.mark.parametrize("report", [True, False])
@pytest.mark.parametrize("kind", ["Handled", "Unhandled"])
def test_a_function_error_fails_the_whole_batch(report: bool, kind: str) -> None:
    answer = response({}, function_error=kind)
    assert invoke_batch(lambda _: answer, b"{}", NUMBERS, report) == Attempt(reached=True, succeeded=0, response=answer)


def test_the_function_is_invoked_synchronously_by_the_arn_of_the_mapping() -> None:
    client = FakeClient()
    invoke(client)
    assert client.calls == [{"FunctionName": FUNCTION_ARN, "InvocationType": "RequestResponse", "Payload": b"{}"}]


def test_the_answer_is_kept_for_the_failure_record() -> None:
    answer = invoke(FakeClient(body=b'{"errorMessage": "x"}', FunctionError="Unhandled", ExecutedVersion="7"))
    assert (answer.request_id, answer.status_code, answer.executed_version) == ("request", 200, "7")
    assert (answer.function_error, answer.payload) == ("Unhandled", b'{"errorMessage": "x"}')


@pytest.mark.parametrize(
    "error",
    [
        aws_error("TooManyRequestsException"),
        aws_error("ServiceException"),
        aws_error("ResourceNotFoundException"),
        EndpointConnectionError(endpoint_url="http://127.0.0.1"),
        ConnectTimeoutError(endpoint_url="http://127.0.0.1"),
    ],
)
def test_throttles_and_service_errors_do_not_reach_the_function(error: Exception) -> None:
    with pytest.raises(FunctionUnreached, match="."):
        invoke(FakeClient(error))


@pytest.mark.parametrize(
    "error",
    [ReadTimeoutError(endpoint_url="http://127.0.0.1"), ConnectionClosedError(endpoint_url="http://127.0.0.1")],
)
def test_a_connection_that_breaks_may_have_reached_the_function(error: Exception) -> None:
    with pytest.raises(AnswerLost, match="127"):
        invoke(FakeClient(error))


def test_an_answer_that_breaks_off_is_lost() -> None:
    with pytest.raises(AnswerLost):
        invoke(FakeClient(Payload=BrokenBody()))


def raising(error: Exception) -> Function:
    def function(payload: bytes) -> NoReturn:
        raise error

    return function


def test_a_lost_answer_is_a_failed_invocation() -> None:
    ended = invoke_batch(raising(AnswerLost("reset")), b"{}", NUMBERS, report_batch_item_failures=True)
    assert ended == Attempt(reached=True, succeeded=0, problem="reset")


def test_a_throttle_is_no_invocation() -> None:
    ended = invoke_batch(raising(FunctionUnreached("throttled")), b"{}", NUMBERS, report_batch_item_failures=True)
    assert ended == Attempt(reached=False, problem="throttled")


def test_an_answer_is_kept_with_what_it_says() -> None:
    answer = response({"batchItemFailures": [{"itemIdentifier": "103"}]})
    ended = invoke_batch(lambda payload: answer, b"{}", NUMBERS, report_batch_item_failures=True)
    assert ended == Attempt(reached=True, succeeded=2, response=answer)
