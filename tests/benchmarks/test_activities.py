"""Days of activities."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from benchmarks.systems.activities import Days
from benchmarks.systems.days import DAY, END_OF_DAY, milliseconds
from benchmarks.systems.template_facts import CONFIG
from handlers.keys import key_of


def test_a_day_has_as_many_activities_of_each_source() -> None:
    types = [item["dataType"]["S"] for item in Days(5 * len(CONFIG.sources)).items()]
    assert Counter(types) == {source.activity_type: 5 for source in CONFIG.sources}


def test_every_activity_lies_in_its_day_with_a_key_of_its_own() -> None:
    items = list(Days(1000).items())
    times = [Decimal(item["processedAt"]["N"]) for item in items]
    assert milliseconds(DAY) <= min(times) and max(times) < END_OF_DAY
    assert len({key_of(item) for item in items}) == 1000


def test_history_is_as_many_activities_on_each_day_before() -> None:
    items = list(Days(20, history=3).items())
    first = milliseconds(DAY - timedelta(days=3))
    assert len({key_of(item) for item in items}) == 4 * 20
    assert sum(Decimal(item["processedAt"]["N"]) < milliseconds(DAY) for item in items) == 3 * 20
    assert Decimal(items[0]["processedAt"]["N"]) >= first
