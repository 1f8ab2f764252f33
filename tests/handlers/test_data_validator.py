"""The data validator from input to answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from tests.handlers import lambda_process
from tests.handlers.conftest import FakeContext, Output


@pytest.fixture
def data_validator(cold_start: Callable[..., ModuleType]) -> ModuleType:
    return cold_start("data_validator", DATA_TYPES="DAILY_ANALYTICS,ORDER_DATA,USER_DATA")


def test_a_valid_input_is_accepted_now(
    data_validator: ModuleType, context: FakeContext, output: Callable[[], Output]
) -> None:
    before = datetime.now(UTC).timestamp()
    answer = data_validator.handler({"dataType": "USER_DATA"}, context)
    assert (answer["isValid"], answer["dataType"], answer["batchSize"]) == (True, "USER_DATA", 100)
    assert answer["validatedAt"].endswith("Z")
    assert before - 0.001 <= datetime.fromisoformat(answer["validatedAt"]).timestamp() <= datetime.now(UTC).timestamp()
    printed = output()
    (line,) = printed.logs
    assert (line["level"], line["message"], line["is_valid"]) == ("INFO", "input validated", True)
    assert printed.metrics["InvalidInputs"] == [0.0]
    assert printed.metrics["environment"] == "test"


def test_an_ignored_member_is_logged(
    data_validator: ModuleType, context: FakeContext, output: Callable[[], Output]
) -> None:
    answer = data_validator.handler({"dataType": "USER_DATA", "Date": "2026-11-21"}, context)
    (line,) = output().logs
    assert line["warning"] == answer["warning"]


@pytest.mark.parametrize(
    "event", [None, [], "secret", 7, {"dataType": "secret", "batchSize": float("nan")}, {"date": "secret"}]
)
def test_an_invalid_input_is_answered_and_not_logged(
    data_validator: ModuleType, context: FakeContext, output: Callable[[], Output], event: Any
) -> None:
    answer = data_validator.handler(event, context)
    assert answer["isValid"] is False
    printed = output()
    (line,) = printed.logs
    assert line["error"] == answer["error"]
    assert printed.metrics["InvalidInputs"] == [1.0]
    assert "secret" not in str(printed)


def test_no_library_is_patched_for_traces_since_none_is_called(data_validator: ModuleType) -> None:
    assert data_validator.tracer.auto_patch is False


def test_it_is_traced_without_payloads_logged_by_request_and_counted_when_it_starts() -> None:
    invocations = lambda_process.invoke("data_validator", {"DATA_TYPES": "USER_DATA"}, *[{"dataType": "USER_DATA"}] * 2)
    assert {segment["name"] for segment in invocations.segments} == {"## handler"}
    first, second = invocations.handler_segments()
    assert [segment["annotations"]["ColdStart"] for segment in (first, second)] == [True, False]
    assert "metadata" not in first and "metadata" not in second
    assert {line["function_request_id"] for line in invocations.logs()} == {FakeContext.aws_request_id}
    assert [line["ColdStart"] for line in invocations.cold_starts()] == [[1.0]]
