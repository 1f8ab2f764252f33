"""ActivityDays of activities."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from benchmarks.systems.dynamodb import ActivityDays
from benchmarks.systems.stream_events import END_OF_DAY, SUMMARISED_DAY, midnight_milliseconds
from benchmarks.systems.template_facts import CONFIG
from handlers.keys import key_of


def test_a_day_has_as_many_activities_of_every_source() -> None:
    types = [source.activity_type for source in CONFIG.sources]
    counts = Counter(item["dataType"]["S"] for item in ActivityDays(5 * len(types)).items())
    assert {"USER_ACTIVITY", "ORDER_ACTIVITY"} <= set(types)
    assert counts == dict.fromkeys(types, 5)


def test_every_activity_is_of_its_day_with_a_key_of_its_own() -> None:
    items = list(ActivityDays(1000).items())
    times = [Decimal(item["processedAt"]["N"]) for item in items]
    assert midnight_milliseconds(SUMMARISED_DAY) <= min(times) and max(times) < END_OF_DAY
    assert len({key_of(item) for item in items}) == 1000


def test_history_is_as_many_activities_on_each_day_before() -> None:
    items = list(ActivityDays(20, history=3).items())
    first = midnight_milliseconds(SUMMARISED_DAY - timedelta(days=3))
    assert len({key_of(item) for item in items}) == 4 * 20
    assert sum(Decimal(item["processedAt"]["N"]) < midnight_milliseconds(SUMMARISED_DAY) for item in items) == 3 * 20
    assert Decimal(items[0]["processedAt"]["N"]) >= first
