"""The rules of replaying, over a stack in memory that checks each deletion."""

import itertools
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from build.redrive.failed_events import DeployedSource, FailedBatch
from build.redrive.report import ObjectOutcome, RedriveReport
from tests.build.redrive.failure_records import MIDDAY, ORDERS, USERS, body, key, record, stored
from tests.build.redrive.in_memory_stack import TODAY, InMemoryStack

numbers = itertools.count()
NEXT_DAY = MIDDAY + timedelta(days=1)


def put(stack: InMemoryStack, *records: dict[str, Any], origin: DeployedSource = USERS) -> str:
    """Put a failure of these records into the bucket; returns its key."""
    name = key(MIDDAY + timedelta(minutes=len(stack.batches)))
    stack.batches[name] = records
    stack.bucket.put(name, body(*records, origin=origin))
    return name


def fresh(created: datetime = MIDDAY, origin: DeployedSource = USERS) -> dict[str, Any]:
    """A record like no other."""
    return record(next(numbers), created, origin)


def outcomes(report: RedriveReport) -> dict[str, ObjectOutcome]:
    """The outcome of each object."""
    return {result.key: result.outcome for result in report.results}


def test_what_is_recorded_and_counted_is_deleted() -> None:
    stack = InMemoryStack()
    users = put(stack, fresh(), fresh(NEXT_DAY))
    orders = put(stack, fresh(origin=ORDERS), origin=ORDERS)
    report = stack.run()
    assert outcomes(report) == {users: ObjectOutcome.RECORDED, orders: ObjectOutcome.RECORDED}
    assert stack.bucket.contents == {}
    assert report.summaries == {date(2026, 3, 1): None, date(2026, 3, 2): None}
    assert report.exit_code == 0


def test_running_it_again_changes_nothing() -> None:
    stack = InMemoryStack()
    put(stack, fresh())
    stack.run()
    recorded, counted, calls = dict(stack.recorded), dict(stack.counted), len(stack.calls)
    report = stack.run()
    assert (report.results, report.summaries, report.exit_code) == ([], {}, 0)
    assert (dict(stack.recorded), stack.counted, len(stack.calls)) == (recorded, counted, calls)


def test_looking_changes_nothing() -> None:
    stack = InMemoryStack()
    name = put(stack, fresh(), fresh())
    damaged = key()
    stack.bucket.put(damaged, b"{")
    report = stack.redrive().inspect(stack.bucket.objects())
    assert outcomes(report) == {name: ObjectOutcome.WAITING, damaged: ObjectOutcome.LEFT_ALONE}
    assert set(stack.calls) == {"read"}
    assert set(stack.bucket.contents) == {name, damaged}
    assert report.exit_code == 1


def test_a_partial_failure_keeps_its_object_and_counts_the_others() -> None:
    stack = InMemoryStack()
    good, poison = fresh(), fresh(NEXT_DAY)
    stack.poison = {poison["eventID"]}
    name = put(stack, good, poison)
    report = stack.run()
    (result,) = report.results
    assert (result.outcome, result.reason, report.exit_code) == (ObjectOutcome.FAILED, "some failed", 1)
    assert set(stack.bucket.contents) == {name}
    assert stack.counted[date(2026, 3, 1)] == {good["eventID"]}


def test_a_failure_does_not_keep_the_others() -> None:
    stack = InMemoryStack()
    poison = fresh()
    stack.poison = {poison["eventID"]}
    failing = put(stack, poison)
    for _ in range(20):
        put(stack, fresh())
    stack.run()
    assert set(stack.bucket.contents) == {failing}


def test_what_failed_is_deleted_once_it_succeeds() -> None:
    stack = InMemoryStack()
    poison = fresh()
    stack.poison = {poison["eventID"]}
    put(stack, poison)
    stack.run()
    stack.poison = set()
    assert stack.run().exit_code == 0
    assert stack.bucket.contents == {}


@pytest.mark.parametrize(
    "name, content",
    [
        (key(), b""),
        (key(), b"{}"),
        (key(), body(record(), origin=ORDERS)),
        ("notes.txt", body(record())),
    ],
)
def test_damaged_and_foreign_objects_are_reported_and_left_alone(name: str, content: bytes) -> None:
    stack = InMemoryStack()
    stack.bucket.put(name, content)
    report = stack.run()
    (result,) = report.results
    assert (result.key, result.outcome, report.exit_code) == (name, ObjectOutcome.LEFT_ALONE, 1)
    assert result.reason
    assert stack.progress.results == [result]
    assert set(stack.calls) <= {"read"}
    assert set(stack.bucket.contents) == {name}


def test_keys_of_others_and_huge_objects_are_not_even_read() -> None:
    stack = InMemoryStack()
    report = stack.redrive().run([stored("notes.txt"), stored(key(), size=10**9)])
    assert [result.reason for result in report.results] == [
        "it is larger than any that Lambda writes, 1,000,000,000 bytes",
        "its key is not one that Lambda writes",
    ]
    assert stack.calls == []


def test_an_object_that_no_longer_exists_is_ignored() -> None:
    stack = InMemoryStack()
    report = stack.redrive().run([stored(key())])
    assert (report.results, report.exit_code) == ([], 0)
    assert stack.progress.results == [None]


def test_one_source_can_be_chosen_and_damaged_objects_are_still_reported() -> None:
    stack = InMemoryStack()
    users = put(stack, fresh())
    orders = put(stack, fresh(origin=ORDERS), origin=ORDERS)
    damaged = key()
    stack.bucket.put(damaged, b"{")
    report = stack.run("OrderData")
    assert outcomes(report) == {orders: ObjectOutcome.RECORDED, damaged: ObjectOutcome.LEFT_ALONE}
    assert set(stack.bucket.contents) == {users, damaged}


def test_an_object_that_was_replaced_in_the_meantime_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = InMemoryStack()
    name = put(stack, fresh())
    monkeypatch.setattr(stack, "replay", lambda batch: stack.bucket.put(name, body(fresh())))
    report = stack.run()
    (result,) = report.results
    assert (result.outcome, result.reason) == (ObjectOutcome.FAILED, "it is recorded, but was replaced in the meantime")
    assert stack.progress.notes[-1] == f"{name} failed: it is recorded, but was replaced in the meantime"
    assert set(stack.bucket.contents) == {name}


def test_what_could_not_be_summarised_is_kept() -> None:
    stack = InMemoryStack(failing_days={date(2026, 3, 2)})
    kept = put(stack, fresh(), fresh(NEXT_DAY))
    put(stack, fresh())
    report = stack.run()
    assert set(stack.bucket.contents) == {kept}
    assert report.summaries == {date(2026, 3, 1): None, date(2026, 3, 2): "no table"}
    (result,) = (result for result in report.results if result.key == kept)
    assert result.outcome_with_reason == "failed: it is recorded, but the summary of 2026-03-02 could not be recomputed"
    assert "summary of 2026-03-02: no table" in stack.progress.notes


@pytest.mark.parametrize("days_ahead", [0, 1, 400])
def test_days_that_are_not_over_are_left_to_the_schedule(days_ahead: int) -> None:
    stack = InMemoryStack()
    put(stack, fresh(MIDDAY.replace(day=TODAY.day) + timedelta(days=days_ahead)))
    report = stack.run()
    assert (report.summaries, stack.counted, stack.bucket.contents) == ({}, {}, {})


def test_a_summary_is_made_once_for_all_objects() -> None:
    stack = InMemoryStack()
    for _ in range(30):
        put(stack, fresh())
    stack.run()
    assert stack.calls.count("recompute") == 1
    assert len(stack.counted[date(2026, 3, 1)]) == 30


def test_many_objects_are_concluded_group_by_group() -> None:
    stack = InMemoryStack(group_size=10)
    for _ in range(25):
        put(stack, fresh())
    report = stack.run()
    assert stack.calls.count("recompute") == 3
    assert stack.calls.index("delete") < len(stack.calls) // 2
    assert len(report.results) == 25
    assert stack.bucket.contents == {}


def filled() -> InMemoryStack:
    """Five objects of three days in groups of two; one object fails and one is damaged."""
    stack = InMemoryStack(group_size=2)
    poison = record(5, MIDDAY)
    stack.poison = {poison["eventID"]}
    put(stack, record(1, MIDDAY), record(2, NEXT_DAY))
    put(stack, record(3, NEXT_DAY))
    put(stack, record(4, MIDDAY), poison)
    put(stack, record(6, MIDDAY.replace(day=TODAY.day)))
    stack.bucket.put(key(NEXT_DAY), b"{")
    return stack


def test_it_can_be_stopped_at_any_call_and_run_again() -> None:
    undisturbed = filled()
    undisturbed.run()
    for stop_at in range(len(undisturbed.calls)):
        stack = filled()
        stack.stop_at = stop_at
        with pytest.raises(KeyboardInterrupt):
            stack.run()
        stack.stop_at = None
        stack.run()
        assert len(stack.bucket.contents) == len(undisturbed.bucket.contents) == 2
        assert stack.recorded == undisturbed.recorded
        assert stack.counted.keys() == undisturbed.counted.keys()
        assert stack.counted == {day: stack.recorded[day] for day in stack.counted}


def test_two_runs_at_once_are_harmless() -> None:
    stack = filled()
    objects = stack.bucket.objects()
    first, second = stack.redrive(), stack.redrive()
    first.run(objects)
    report = second.run(objects)
    assert {result.outcome for result in report.results} == {ObjectOutcome.FAILED, ObjectOutcome.LEFT_ALONE}
    assert len(stack.bucket.contents) == 2


def test_two_runs_that_read_the_same_object_delete_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = InMemoryStack()
    put(stack, fresh())
    objects, replay = stack.bucket.objects(), stack.replay

    def replay_while_another_runs(batch: FailedBatch) -> str | None:
        monkeypatch.setattr(stack, "replay", replay)
        assert stack.redrive().run(objects).exit_code == 0
        return replay(batch)

    monkeypatch.setattr(stack, "replay", replay_while_another_runs)
    assert outcomes(stack.redrive().run(objects)) == {objects[0].key: ObjectOutcome.RECORDED}
    assert stack.calls.count("delete") == 2
    assert stack.bucket.contents == {}
