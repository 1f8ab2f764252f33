from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from build.deployment.polling import until


def client_error(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeStacks")


def answers(*given: object) -> Callable[[], object]:
    remaining = iter(given)

    def read() -> object:
        answer = next(remaining)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return read


def test_pauses_grow_from_one_second_to_five(pauses: list[float]) -> None:
    until(answers(*[None] * 12, "done"), lambda: None)
    assert pauses[0] == 1.0
    assert pauses == sorted(pauses)
    assert max(pauses) == pauses[-1] == 5.0


def test_an_answer_needs_no_pause(pauses: list[float]) -> None:
    assert until(answers("done"), lambda: None) == "done"
    assert pauses == []


@pytest.mark.parametrize(
    "error",
    [
        client_error("Throttling"),
        client_error("ThrottlingException"),
        client_error("RequestLimitExceeded"),
        client_error("TooManyRequestsException", 429),
        client_error("InternalFailure", 500),
        client_error("ServiceUnavailable", 503),
    ],
)
def test_throttling_and_faults_of_aws_are_no_failure(error: ClientError, pauses: list[float]) -> None:
    heard: list[str] = []
    assert until(answers(error, error, "done"), lambda: heard.append("waiting")) == "done"
    assert len(heard) == len(pauses) == 2


def test_other_errors_are_failures() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        until(answers(client_error("AccessDenied", 403)), lambda: None)
