"""What is known of records that are no activities, by the hour."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from build.days.day import Losses
from build.days.losses import MeasuredSource, SourceMetrics, losses_of, source_metrics
from handlers.windows import Window, requested_windows
from tests.build.support import Stubs

DAY = date(2026, 3, 1)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 4, 1, tzinfo=UTC)
(WINDOW,) = requested_windows({"date": str(DAY)}, LATER)
FIRST = int(MIDNIGHT.timestamp()) // 3600
SOURCES = [MeasuredSource("UserData", "11", "users"), MeasuredSource("OrderData", "22", "orders")]


@pytest.mark.parametrize(
    ("polled", "read"),
    [
        (range(FIRST, FIRST + 48), True),
        (range(FIRST + 1, FIRST + 25), True),
        ([FIRST + 23, FIRST + 46], True),
        ([FIRST + 23, FIRST + 45], True),
        ([FIRST + 23], False),
        ([FIRST + 24, FIRST + 25], False),
        ([FIRST, FIRST + 25], False),
        ([], False),
    ],
)
def test_a_stream_has_to_be_read_within_24_hours_of_every_hour(polled: Any, read: bool) -> None:
    assert SourceMetrics(polled).was_read(WINDOW, LATER) is read


def test_what_is_still_in_the_stream_is_not_lost() -> None:
    metrics = SourceMetrics()
    assert metrics.was_read(WINDOW, MIDNIGHT + timedelta(hours=23, minutes=59))
    assert not metrics.was_read(WINDOW, MIDNIGHT + timedelta(hours=24))
    assert SourceMetrics([FIRST + 11]).was_read(WINDOW, MIDNIGHT + timedelta(hours=34, minutes=59))
    assert not SourceMetrics([FIRST + 11]).was_read(WINDOW, MIDNIGHT + timedelta(hours=35))


def test_metrics_of_a_new_mapping_say_nothing_of_the_stream_before_a_restoration() -> None:
    began = MIDNIGHT + timedelta(hours=30)
    read = range(FIRST + 30, FIRST + 100)
    metrics = {"UserData": SourceMetrics(read, began=began), "OrderData": SourceMetrics(read)}
    (next_day,) = requested_windows({"date": "2026-03-02"}, LATER)
    (day_after,) = requested_windows({"date": "2026-03-03"}, LATER)
    expected = Losses(unread=("OrderData",), began={"UserData": began})
    assert losses_of(DAY, WINDOW, {}, metrics, LATER) == expected
    assert losses_of(DAY, next_day, {}, metrics, LATER) == Losses(began={"UserData": began})
    assert losses_of(DAY, day_after, {}, metrics, LATER) == Losses()


def test_a_restored_table_ends_also_what_a_stream_of_24_hours_would_still_have() -> None:
    now = MIDNIGHT + timedelta(hours=23)
    metrics = {"UserData": SourceMetrics(began=MIDNIGHT + timedelta(hours=20))}
    assert losses_of(DAY, WINDOW, {}, metrics, now).began
    assert losses_of(DAY, WINDOW, {}, {"UserData": SourceMetrics(began=MIDNIGHT)}, now) == Losses()


def test_a_mapping_made_again_on_the_same_stream_has_read_what_that_still_had() -> None:
    """As after a restored analytics table: the mapping begins with the oldest record, 24 hours ago."""
    again = SourceMetrics(range(FIRST + 24, FIRST + 100))
    assert not again.was_read(WINDOW, LATER), "the first hour was in no stream any more"
    assert SourceMetrics(range(FIRST + 23, FIRST + 100)).was_read(WINDOW, LATER)


def test_what_was_dropped_in_the_24_hours_after_a_day_may_be_of_the_day() -> None:
    dropped = {FIRST - 1: 100, FIRST: 1, FIRST + 23: 2, FIRST + 47: 4, FIRST + 48: 100}
    metrics = {"UserData": SourceMetrics(range(FIRST, FIRST + 48), dropped, {FIRST + 5: 8})}
    assert losses_of(DAY, WINDOW, {}, metrics, LATER) == Losses(dropped={"UserData": 7}, undelivered={"UserData": 8})


def test_failed_records_are_told_by_their_day_and_zero_is_nothing() -> None:
    failed = {"UserData": {DAY: 2, date(2026, 3, 2): 5}, "OrderData": {DAY: 0}}
    assert losses_of(DAY, WINDOW, failed, {}, LATER) == Losses(failed={"UserData": 2})
    assert not losses_of(date(2026, 2, 1), WINDOW, failed, {}, LATER).certain


def test_metrics_are_asked_for_by_the_hour_and_put_together_from_every_page(stubs: Stubs) -> None:
    asked: list[Any] = []
    client = stubs.clients.cloudwatch
    asking = "provide-client-params.cloudwatch.GetMetricData"
    client.meta.events.register(asking, lambda params, **_: asked.append(params))
    moments = [MIDNIGHT + timedelta(hours=hour) for hour in range(3)]

    def result(name: str, *values: float, first: int = 0) -> dict[str, Any]:
        return {"Id": name, "Timestamps": moments[first : first + len(values)], "Values": values}

    page = {"MetricDataResults": [result("polled0", 60, 60), result("dropped1", 3)], "NextToken": "more"}
    stubs.answer("cloudwatch", "get_metric_data", None, page)
    rest = {"MetricDataResults": [result("polled0", 60, first=2), result("undelivered1", 1)]}
    stubs.answer("cloudwatch", "get_metric_data", None, rest)
    metrics = source_metrics(client, SOURCES, WINDOW, LATER)
    assert set(metrics["UserData"].polled) == {FIRST, FIRST + 1, FIRST + 2}
    assert (metrics["UserData"].dropped, metrics["OrderData"].dropped) == ({}, {FIRST: 3})
    assert metrics["OrderData"].undelivered == {FIRST: 1}
    assert (asked[0]["StartTime"], asked[0]["EndTime"]) == (MIDNIGHT, MIDNIGHT + timedelta(days=2))
    found = {
        (query["MetricStat"]["Metric"]["MetricName"], query["MetricStat"]["Stat"]): [
            dimension["Value"] for dimension in query["MetricStat"]["Metric"]["Dimensions"]
        ]
        for query in asked[0]["MetricDataQueries"]
        if query["Id"].endswith("1")
    }
    assert found == {
        ("PolledEventCount", "SampleCount"): ["22"],
        ("DroppedEventCount", "Sum"): ["22"],
        ("DestinationDeliveryFailures", "Sum"): ["orders"],
    }
    assert {query["MetricStat"]["Period"] for query in asked[0]["MetricDataQueries"]} == {3600}


def test_a_window_of_several_days_is_read_by_the_hour_too() -> None:
    whole = Window(WINDOW.start, WINDOW.end + 24 * 3_600_000)
    assert SourceMetrics(range(FIRST, FIRST + 72)).was_read(whole, LATER)
    assert not SourceMetrics(range(FIRST, FIRST + 45)).was_read(whole, LATER)


@pytest.mark.parametrize(("days_later", "first"), [(454, 0), (455, 0), (456, 24), (456.5, 36)])
def test_metrics_are_asked_for_as_far_back_as_cloudwatch_keeps_them(
    stubs: Stubs, days_later: float, first: int
) -> None:
    begin, end = MIDNIGHT + timedelta(hours=first), MIDNIGHT + timedelta(days=2)
    asked: list[datetime] = []
    asking = "provide-client-params.cloudwatch.GetMetricData"
    client = stubs.clients.cloudwatch
    client.meta.events.register(asking, lambda params, **_: asked.extend([params["StartTime"], params["EndTime"]]))
    stubs.answer("cloudwatch", "get_metric_data", None, {"MetricDataResults": []})
    source_metrics(client, SOURCES, WINDOW, MIDNIGHT + timedelta(days=days_later))
    assert asked == [begin, end]


def test_metrics_that_nobody_has_any_more_are_not_asked_for(stubs: Stubs) -> None:
    metrics = source_metrics(stubs.clients.cloudwatch, SOURCES, WINDOW, MIDNIGHT + timedelta(days=457))
    assert metrics == {"UserData": SourceMetrics(), "OrderData": SourceMetrics()}
