"""The history of shards: a record keeps its key and is counted exactly once, however often shards are raised."""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from handlers.activities import activity_item, activity_key
from handlers.activity_settings import ShardHistory, retention_days
from handlers.counting import count_slices
from handlers.keys import Item, Key, key_of, last_sort_key_before, sort_key
from handlers.slices import hourly_counts, slices_of
from handlers.windows import Window
from tests.handlers.stream_records import USERS, stream_record

NOON = 1_764_590_400
"""2025-12-01T12:00:00Z in seconds since 1970."""
RAISED = ShardHistory.from_json('[[0,1],["2025-12-01T12:00:00Z",8],["2025-12-02T12:00:00Z",3]]')


def created_at(seconds: float, number: int = 1) -> dict[str, Any]:
    """A record of a time in seconds since 1970."""
    record = stream_record(number)
    record["dynamodb"]["ApproximateCreationDateTime"] = seconds
    return record


def test_times_are_read_to_the_second_and_zero_is_the_beginning() -> None:
    assert RAISED == ShardHistory(((0, 1), (NOON * 1000, 8), ((NOON + 86_400) * 1000, 3)))


@pytest.mark.parametrize(
    ("moment", "shards"),
    [(0, 1), (NOON * 1000 - 1, 1), (NOON * 1000, 8), ((NOON + 86_400) * 1000 - 1, 8), ((NOON + 86_400) * 1000, 3)],
)
def test_an_entry_holds_from_its_time_on(moment: int, shards: int) -> None:
    assert RAISED.at(moment) == shards


@pytest.mark.parametrize(
    ("start", "end", "shards"),
    [
        (0, NOON - 1, 1),
        (0, NOON, 1),
        (0, NOON + 1, 8),
        (NOON, NOON + 1, 8),
        (NOON - 1, NOON + 90_000, 8),
        (NOON + 86_399, NOON + 86_401, 8),
        (NOON + 86_400, NOON + 86_401, 3),
    ],
)
def test_a_window_has_the_most_shards_of_its_time(start: int, end: int, shards: int) -> None:
    assert RAISED.most_between(start * 1000, end * 1000) == shards


def test_a_record_of_the_last_millisecond_before_a_raise_has_the_key_that_it_had_before() -> None:
    source = replace(USERS, shards=RAISED)
    last = [created_at(NOON - 0.001, number) for number in range(50)]
    assert {activity_key(record, source)[0] for record in last} == {"USER_ACTIVITY"}
    first = [created_at(NOON, number) for number in range(50)]
    assert len({activity_key(record, source)[0] for record in first}) == 8


@pytest.mark.parametrize(
    ("environment", "days"),
    [({}, None), ({"ACTIVITY_RETENTION_DAYS": ""}, None), ({"ACTIVITY_RETENTION_DAYS": "30"}, 30)],
)
def test_activities_are_kept_for_ever_unless_the_days_are_given(environment: dict[str, str], days: int | None) -> None:
    assert retention_days(environment) == days


@given(st.floats(0, 253_402_300_799), st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 9)), max_size=4))
def test_a_later_entry_changes_no_key(seconds: float, later: list[tuple[int, int]]) -> None:
    record, before = created_at(seconds), ShardHistory(((0, 3),))
    moment = int(Decimal(str(seconds)) * 1000)
    entries = [(moment + sum(step for step, _ in later[: n + 1]), shards) for n, (_, shards) in enumerate(later)]
    raised = ShardHistory((*before.entries, *entries))
    assert activity_key(record, replace(USERS, shards=raised)) == activity_key(record, replace(USERS, shards=before))


@dataclass
class Table:
    """Activities by key."""

    items: dict[Key, Item] = field(default_factory=dict)

    def write(self, record: dict[str, Any], history: ShardHistory) -> None:
        item = activity_item(record, replace(USERS, shards=history))
        assert item
        self.items[key_of(item)] = item

    def count(self, partition: str, window: Window) -> int:
        first, last = Decimal(sort_key(window.start, 0)), Decimal(last_sort_key_before(window.end))
        return sum(kind == partition and first <= at <= last for kind, at in self.items)


class Pipeline(RuleBasedStateMachine):
    """Records while shards are raised: some are written in part, retried, redriven, and read again from the oldest."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.records, self.stored = Table(), list[dict[str, Any]](), set[str]()
        self.history, self.now = ShardHistory(((0, 1),)), NOON - 3

    @initialize(number=st.integers(1, 5))
    def begin(self, number: int) -> None:
        self.create(number)

    @rule(number=st.integers(1, 5))
    def create(self, number: int) -> None:
        self.records += [created_at(self.now, len(self.records) + n) for n in range(number)]

    @rule(seconds=st.sampled_from([1, 2, 3600, 43_200]))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(ahead=st.integers(1, 5), shards=st.integers(1, 9))
    def deploy(self, ahead: int, shards: int) -> None:
        when = max(self.now * 1000, self.history.entries[-1][0]) + ahead * 1000
        self.history = ShardHistory((*self.history.entries, (when, shards)))

    @rule(data=st.data())
    def deliver_a_batch_of_which_a_part_is_written(self, data: st.DataObject) -> None:
        self.write(data.draw(st.lists(st.sampled_from(self.records), unique_by=lambda record: record["eventID"])))

    @rule()
    def read_everything_again_from_the_oldest(self) -> None:
        self.write(json.loads(json.dumps(self.records)))

    def write(self, records: list[dict[str, Any]]) -> None:
        for record in records:
            self.table.write(record, self.history)
            self.stored.add(record["eventID"])

    @invariant()
    def everything_that_is_written_is_counted_once(self) -> None:
        assert len(self.table.items) == len(self.stored)
        midnights = range(1_764_547_200_000, self.now * 1000 + 86_400_001, 86_400_000)
        days = [Window(midnight, midnight + 86_400_000) for midnight in midnights]
        counted = count_slices(self.table.count, list(slices_of(days, ["USER_ACTIVITY"], self.history, 2)))
        counts = {day.start: hourly_counts(day, ["USER_ACTIVITY"], self.history, counted) for day in days}
        expected = Counter(
            record["dynamodb"]["ApproximateCreationDateTime"] // 86_400 * 86_400_000
            for record in self.records
            if record["eventID"] in self.stored
        )
        totals = {start: sum(of_day["USER_ACTIVITY"]) for start, of_day in counts.items()}
        assert {start: total for start, total in totals.items() if total} == expected


TestPipeline = Pipeline.TestCase
TestPipeline.settings = settings(deadline=None, max_examples=40, stateful_step_count=20)
