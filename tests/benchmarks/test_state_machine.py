"""The workflow's definition, run with functions in this process."""

from collections import Counter
from typing import Any

import pytest

from benchmarks.systems.state_machine import ExecutionFailed, StateMachine
from stack.config import StackConfig
from stack.workflow import definition


class LargeDayError(Exception):
    """As the function raises it."""


class AnalyticsProcessor:
    """Plans three slices, counts them, and adds them up; `failures` are how often each slice dies."""

    def __init__(self, **failures: int) -> None:
        self.failures = Counter(failures)
        self.calls: Counter[str] = Counter()

    def __call__(self, event: dict[str, Any]) -> Any:
        step = event.get("step", "PROCESS")
        self.calls[step + str(event.get("slice", ""))] += 1
        if step == "PLAN":
            return {**event["request"], "slices": ["1", "2", "3"], "pageSize": None, "consistent": True}
        if step == "COUNT":
            assert (event["pageSize"], event["consistent"]) == (None, True)
            if self.failures[event["slice"]]:
                self.failures[event["slice"]] -= 1
                raise KeyError("dies")
            return 10 * int(event["slice"])
        if "slices" not in event:
            raise LargeDayError("too many pages")
        return {"request": event["dataType"], "counted": event["slices"]}


def run(processor: AnalyticsProcessor, pages: int, valid: bool = True) -> Any:
    functions: dict[str, Any] = {
        "DataValidator": lambda event: {**event, "isValid": valid},
        "AnalyticsProcessor": processor,
    }
    return StateMachine(definition(StackConfig(pages_in_one_invocation=pages)), functions).run(
        {"dataType": "USER_DATA"}
    )


@pytest.mark.parametrize(("pages", "attempts"), [(0, 1), (5_000, 2)])
def test_a_large_day_is_counted_in_slices(pages: int, attempts: int) -> None:
    processor = AnalyticsProcessor()
    assert run(processor, pages) == {"request": "USER_DATA", "counted": [10, 20, 30]}
    assert processor.calls == {"PLAN": 1, "COUNT1": 1, "COUNT2": 1, "COUNT3": 1, "PROCESS": attempts}


def test_a_slice_that_dies_is_counted_again_alone() -> None:
    processor = AnalyticsProcessor(**{"2": 2})
    assert run(processor, 5_000)["counted"] == [10, 20, 30]
    assert processor.calls == {"PLAN": 1, "COUNT1": 1, "COUNT2": 3, "COUNT3": 1, "PROCESS": 2}


def test_a_slice_that_always_dies_fails_the_execution() -> None:
    processor = AnalyticsProcessor(**{"3": 1_000})
    with pytest.raises(KeyError):
        run(processor, 0)
    assert (processor.calls["COUNT3"], processor.calls["PROCESS"]) == (3, 0)


def test_an_input_that_is_not_valid_fails_the_execution() -> None:
    with pytest.raises(ExecutionFailed, match="InvalidDataError"):
        run(AnalyticsProcessor(), 5_000, valid=False)
