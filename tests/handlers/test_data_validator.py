"""The data validator from input to answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

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


@pytest.mark.parametrize("event", [None, [], "secret", 7, {"dataType": "secret", "batchSize": float("nan")}])
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
