"""The metrics of mappings, held against Lambda's documentation."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from build.poller.batches import Batch
from build.poller.context import Statistics
from build.poller.metrics import MappingMetrics
from build.poller.shards import StreamRecord
from tests.build.poller.fakes import FakeDestination, aws_error, crash, mapping
from tests.build.poller.world import World

NOW = 1000.0
NOTHING = Statistics()
MAPPING = mapping()
OF_FUNCTION = ("IteratorAge", "DestinationDeliveryFailures")


def published(
    metrics: MappingMetrics, statistics: Statistics, enabled: Collection[str] = ("mapping",)
) -> Mapping[str, float]:
    """The values since the last time, by metric; those that are of the function have its name."""
    values = list(metrics.take({"mapping": statistics}, enabled, NOW))
    for metric, point in values:
        of_function = (("FunctionName", MAPPING.function_name),)
        of_mapping = (("EventSourceMappingUUID", "mapping"),)
        assert metric.dimensions == (of_function if metric.name in OF_FUNCTION else of_mapping)
        assert (metric.namespace, point.time) == ("AWS/Lambda", NOW)
    return {metric.name: point.value for metric, point in values}


def test_an_empty_poll_is_a_zero() -> None:
    metrics = MappingMetrics([MAPPING])
    assert published(metrics, NOTHING) == {"PolledEventCount": 0}
    assert published(metrics, NOTHING) == {"PolledEventCount": 0}


@pytest.mark.parametrize("problem", ["reading", "listing"])
def test_a_mapping_that_is_refused_or_disabled_counts_nothing(problem: str) -> None:
    metrics = MappingMetrics([MAPPING])
    assert published(metrics, replace(NOTHING, problems={problem: "AccessDenied"})) == {}
    assert published(metrics, NOTHING, enabled=()) == {}
    assert published(metrics, replace(NOTHING, problems={"invoking": "TooManyRequests"})) == {"PolledEventCount": 0}


def test_each_event_is_counted_once() -> None:
    metrics = MappingMetrics([MAPPING])
    statistics = Statistics(9, 1, 8, 3, 5, 1, 2, 2)
    assert published(metrics, statistics) == {
        "PolledEventCount": 9,
        "FilteredOutEventCount": 1,
        "InvokedEventCount": 8,
        "FailedInvokeEventCount": 3,
        "OnFailureDestinationDeliveredEventCount": 1,
        "DestinationDeliveryFailures": 2,
        "DroppedEventCount": 2,
    }
    assert published(metrics, replace(statistics, polled=10)) == {"PolledEventCount": 1}


def test_the_iterator_age_is_that_of_the_last_record() -> None:
    metrics = MappingMetrics([MAPPING])
    records = tuple(StreamRecord(str(created), "", created, 0, b"") for created in (900.0, 998.5))
    metrics.sent(MAPPING, Batch(records), NOW)
    assert published(metrics, NOTHING)["IteratorAge"] == 1500
    assert "IteratorAge" not in published(metrics, NOTHING)


def test_a_refused_delivery_is_counted_at_each_attempt() -> None:
    errors: list[Any] = [aws_error("AccessDenied")] * 2
    world = World(crash, destination=FakeDestination(errors), maximum_retry_attempts=0)
    world.streams.put_many(1)
    statistics = world.run()
    assert (statistics.destination_delivery_failures, statistics.on_failure_destination_delivered) == (2, 1)
