"""What the built functions publish: metrics that tell one stack from all others of the account."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from stack.config import (
    ANALYTICS_PROCESSOR,
    DATA_VALIDATOR,
    METRICS_NAMESPACE,
    FunctionSpecification,
    stream_processor,
)
from tests.faults.built_function import BuiltFunction
from tests.faults.changes import change
from tests.faults.template_settings import TemplateSettings
from tests.sources import USERS

REMOVAL = change(USERS, number=1, item=1, created_at=1_750_000_000, event_name="REMOVE").event
REQUEST: dict[str, Any] = {"dataType": "DAILY_ANALYTICS", "isValid": True, "validatedAt": "2026-03-01T02:00:00Z"}
PUBLISHED: dict[FunctionSpecification, tuple[dict[str, Any], set[str]]] = {
    stream_processor(USERS): ({"Records": [REMOVAL]}, {"RecordsProcessed", "RecordsFailed", "ActivitiesWritten"}),
    ANALYTICS_PROCESSOR: (REQUEST, {"TotalRecords", "UserActivityCount", "OrderActivityCount"}),
    DATA_VALIDATOR: ({"dataType": "USER_DATA"}, {"InvalidInputs"}),
}
"""For each function an event, and the metrics that it publishes of it."""


def metrics_in(printed: bytes) -> list[dict[str, Any]]:
    """The lines in the embedded metric format."""
    return [line for line in map(json.loads, printed.splitlines()) if "_aws" in line]


def directive(line: dict[str, Any]) -> dict[str, Any]:
    """What a line tells CloudWatch to make of it."""
    (only,) = line["_aws"]["CloudWatchMetrics"]
    found: dict[str, Any] = only
    return found


@pytest.mark.parametrize("function", PUBLISHED, ids=lambda function: function.logical_id)
def test_a_built_function_publishes_under_its_stacks_environment(
    built_function_of: Callable[[FunctionSpecification], BuiltFunction],
    template: TemplateSettings,
    function: FunctionSpecification,
) -> None:
    event, names = PUBLISHED[function]
    built = built_function_of(function)
    assert built(json.dumps(event).encode()).function_error is None
    (line,) = [line for line in metrics_in(built.printed) if "ColdStart" not in line]
    assert directive(line)["Namespace"] == METRICS_NAMESPACE
    assert {metric["Name"] for metric in directive(line)["Metrics"]} == names
    assert [set(dimensions) for dimensions in directive(line)["Dimensions"]] == [{"environment", "service"}]
    assert (line["environment"], line["service"]) == (template.config.suffix, function.service_name)


@pytest.mark.parametrize("function", PUBLISHED, ids=lambda function: function.logical_id)
def test_a_cold_start_is_counted_for_its_function_alone(
    built_function_of: Callable[[FunctionSpecification], BuiltFunction], function: FunctionSpecification
) -> None:
    built = built_function_of(function)
    built(json.dumps(PUBLISHED[function][0]).encode())
    (line,) = [line for line in metrics_in(built.printed) if "ColdStart" in line]
    assert "function_name" in directive(line)["Dimensions"][0]
