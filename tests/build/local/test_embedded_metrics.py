"""Metrics in log events, as the specification of the embedded metric format has them."""

import json
from typing import Any

import pytest

from build.local.embedded_metrics import EmbeddedValues, embedded_values
from build.monitoring.evaluation import Metric


def event(**changed: Any) -> dict[str, Any]:
    """A log event as Powertools writes it."""
    directive = {
        "Namespace": "App",
        "Dimensions": [["environment", "service"]],
        "Metrics": [{"Name": "Records", "Unit": "Count"}],
    }
    directive |= {name: value for name, value in changed.items() if name in directive}
    members = {name: value for name, value in changed.items() if name not in directive}
    metadata = {"Timestamp": 1_800_000_000_500, "CloudWatchMetrics": [directive]}
    return {"_aws": metadata, "service": "orders", "environment": "dev", "Records": [3.0]} | members


def found(document: object) -> list[EmbeddedValues]:
    return list(embedded_values(json.dumps(document)))


def test_an_event_brings_its_values_with_dimensions_and_time() -> None:
    metric = Metric("App", "Records", (("environment", "dev"), ("service", "orders")))
    assert found(event()) == [EmbeddedValues(metric, [3.0], "Count", 1_800_000_000.5)]


def test_a_number_is_a_list_of_one() -> None:
    assert found(event(Records=2))[0].values == [2.0]


def test_every_set_of_dimensions_is_a_metric_of_its_own() -> None:
    dimensions = [each.metric.dimensions for each in found(event(Dimensions=[["service"], []]))]
    assert dimensions == [(("service", "orders"),), ()]


def test_a_metric_without_a_unit_has_none() -> None:
    assert found(event(Metrics=[{"Name": "Records"}]))[0].unit == "None"


@pytest.mark.parametrize(
    "changed",
    [
        {"Records": "many"},
        {"Records": [1, None]},
        {"Records": [1] * 101},
        {"Records": True},
        {"Dimensions": [["absent"]]},
        {"Dimensions": ["service"]},
        {"Dimensions": [["Records"]]},
        {"Metrics": [{"Unit": "Count"}]},
        {"Metrics": ["Records"]},
        {"Namespace": None},
        {"_aws": {}},
        {"_aws": {"Timestamp": "now", "CloudWatchMetrics": []}},
        {"_aws": {"Timestamp": 1, "CloudWatchMetrics": [None, 5]}},
    ],
)
def test_what_the_format_does_not_allow_is_no_metric(changed: dict[str, Any]) -> None:
    assert found(event(**changed)) == []


@pytest.mark.parametrize("message", ["START RequestId: 1", "", '{"_aws": ', '["_aws"]', '"_aws"', "{}"])
def test_any_other_line_is_no_metric(message: str) -> None:
    assert list(embedded_values(message)) == []
