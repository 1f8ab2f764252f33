"""The rules of replaying, over a world in memory that checks each deletion."""

import itertools
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from build.redrive import redrive
from build.redrive.failed_batch import FailedBatch
from build.redrive.pipeline import DeployedSource
from build.redrive.report import Outcome, Report
from tests.build.redrive.failures import MIDDAY, ORDERS, USERS, body, key, record, stored
from tests.build.redrive.world import TODAY, World

NEXT_DAY = MIDDAY + timedelta(days=1)
numbers = itertools.count()


def put(world: World, *records: dict[str, Any], origin: DeployedSource = USERS) -> str:
    """Put a failure of these records into the bucket; returns its key."""
    name = key(MIDDAY + timedelta(minutes=len(world.batches)))
    world.batches[name] = records
    world.bucket.put(name, body(*records, origin=origin))
    return name


def fresh(created: datetime = MIDDAY, origin: DeployedSource = USERS) -> dict[str, Any]:
    """A record like no other."""
    return record(next(numbers), created, origin)


def outcomes(report: Report) -> dict[str, Outcome]:
    """The outcome of each object."""
    return {entry.key: entry.outcome for entry in report.entries}


def test_what_is_recorded_and_counted_is_deleted() -> None:
    world = World()
    users = put(world, fresh(), fresh(NEXT_DAY))
    orders = put(world, fresh(origin=ORDERS), origin=ORDERS)
    report = world.run()
    assert outcomes(report) == {users: Outcome.RECORDED, orders: Outcome.RECORDED}
    assert world.bucket.contents == {}
    assert report.summaries == {date(2026, 3, 1): None, date(2026, 3, 2): None}
    assert report.exit_code == 0


def test_running_it_again_changes_nothing() -> None:
    world = World()
    put(world, fresh())
    world.run()
    recorded, counted, calls = dict(world.recorded), dict(world.counted), len(world.calls)
    report = world.run()
    assert (report.entries, report.summaries, report.exit_code) == ([], {}, 0)
    assert (dict(world.recorded), world.counted, len(world.calls)) == (recorded, counted, calls)


def test_looking_changes_nothing() -> None:
    world = World()
    name = put(world, fresh(), fresh())
    damaged = key()
    world.bucket.put(damaged, b"{")
    report = world.redrive().look(world.bucket.objects())
    assert outcomes(report) == {name: Outcome.WAITING, damaged: Outcome.LEFT_ALONE}
    assert set(world.calls) == {"read"}
    assert set(world.bucket.contents) == {name, damaged}
    assert report.exit_code == 1


def test_a_partial_failure_keeps_its_object_and_counts_the_others() -> None:
    world = World()
    good, poison = fresh(), fresh(NEXT_DAY)
    world.poison = {poison["eventID"]}
    name = put(world, good, poison)
    report = world.run()
    (entry,) = report.entries
    assert (entry.outcome, entry.reason, report.exit_code) == (Outcome.FAILED, "some failed", 1)
    assert set(world.bucket.contents) == {name}
    assert world.counted[date(2026, 3, 1)] == {good["eventID"]}


def test_a_failure_does_not_keep_the_others() -> None:
    world = World()
    poison = fresh()
    world.poison = {poison["eventID"]}
    failing = put(world, poison)
    for _ in range(20):
        put(world, fresh())
    world.run()
    assert set(world.bucket.contents) == {failing}


def test_what_failed_is_deleted_once_it_succeeds() -> None:
    world = World()
    poison = fresh()
    world.poison = {poison["eventID"]}
    put(world, poison)
    world.run()
    world.poison = set()
    assert world.run().exit_code == 0
    assert world.bucket.contents == {}


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
    world = World()
    world.bucket.put(name, content)
    report = world.run()
    (entry,) = report.entries
    assert (entry.key, entry.outcome, report.exit_code) == (name, Outcome.LEFT_ALONE, 1)
    assert entry.reason
    assert world.display.entries == [entry]
    assert set(world.calls) <= {"read"}
    assert set(world.bucket.contents) == {name}


def test_keys_of_others_and_huge_objects_are_not_even_read() -> None:
    world = World()
    report = world.redrive().run([stored("notes.txt"), stored(key(), size=10**9)])
    assert [entry.reason for entry in report.entries] == [
        "it is larger than any that Lambda writes, 1,000,000,000 bytes",
        "its key is none that Lambda writes",
    ]
    assert world.calls == []


def test_an_object_that_went_meanwhile_is_nobodys_business() -> None:
    world = World()
    report = world.redrive().run([stored(key())])
    assert (report.entries, report.exit_code) == ([], 0)
    assert world.display.entries == [None]


def test_one_source_can_be_asked_for_and_damage_is_told_all_the_same() -> None:
    world = World()
    users = put(world, fresh())
    orders = put(world, fresh(origin=ORDERS), origin=ORDERS)
    damaged = key()
    world.bucket.put(damaged, b"{")
    report = world.run("OrderData")
    assert outcomes(report) == {orders: Outcome.RECORDED, damaged: Outcome.LEFT_ALONE}
    assert set(world.bucket.contents) == {users, damaged}


def test_an_object_that_was_replaced_meanwhile_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    name = put(world, fresh())
    monkeypatch.setattr(world, "replay", lambda batch: world.bucket.put(name, body(fresh())))
    report = world.run()
    (entry,) = report.entries
    assert (entry.outcome, entry.reason) == (Outcome.FAILED, "it is recorded, but was replaced meanwhile")
    assert world.display.notes[-1] == f"{name} failed: it is recorded, but was replaced meanwhile"
    assert set(world.bucket.contents) == {name}


def test_what_could_not_be_summarised_is_kept() -> None:
    world = World(failing_days={date(2026, 3, 2)})
    kept = put(world, fresh(), fresh(NEXT_DAY))
    put(world, fresh())
    report = world.run()
    assert set(world.bucket.contents) == {kept}
    assert report.summaries == {date(2026, 3, 1): None, date(2026, 3, 2): "no table"}
    (entry,) = (entry for entry in report.entries if entry.key == kept)
    assert entry.ending == "failed: it is recorded, but the summary of 2026-03-02 could not be made"
    assert "summary of 2026-03-02: no table" in world.display.notes


@pytest.mark.parametrize("days_ahead", [0, 1, 400])
def test_days_that_are_not_over_are_left_to_the_schedule(days_ahead: int) -> None:
    world = World()
    put(world, fresh(MIDDAY.replace(day=TODAY.day) + timedelta(days=days_ahead)))
    report = world.run()
    assert (report.summaries, world.counted, world.bucket.contents) == ({}, {}, {})


def test_a_summary_is_made_once_for_all_objects() -> None:
    world = World()
    for _ in range(30):
        put(world, fresh())
    world.run()
    assert world.calls.count("recompute") == 1
    assert len(world.counted[date(2026, 3, 1)]) == 30


def test_many_objects_are_concluded_group_by_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redrive, "OBJECTS_AT_ONCE", 10)
    world = World()
    for _ in range(25):
        put(world, fresh())
    report = world.run()
    assert world.calls.count("recompute") == 3
    assert world.calls.index("delete") < len(world.calls) // 2
    assert len(report.entries) == 25
    assert world.bucket.contents == {}


def filled() -> World:
    """A world with five objects of three days, one of which fails and one of which is damaged."""
    world = World()
    poison = record(5, MIDDAY)
    world.poison = {poison["eventID"]}
    put(world, record(1, MIDDAY), record(2, NEXT_DAY))
    put(world, record(3, NEXT_DAY))
    put(world, record(4, MIDDAY), poison)
    put(world, record(6, MIDDAY.replace(day=TODAY.day)))
    world.bucket.put(key(NEXT_DAY), b"{")
    return world


def test_it_can_be_stopped_at_any_call_and_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redrive, "OBJECTS_AT_ONCE", 2)
    undisturbed = filled()
    undisturbed.run()
    for stop_at in range(len(undisturbed.calls)):
        world = filled()
        world.stop_at = stop_at
        with pytest.raises(KeyboardInterrupt):
            world.run()
        world.stop_at = None
        world.run()
        assert len(world.bucket.contents) == len(undisturbed.bucket.contents) == 2
        assert world.recorded == undisturbed.recorded
        assert world.counted.keys() == undisturbed.counted.keys()
        assert world.counted == {day: world.recorded[day] for day in world.counted}


def test_two_runs_at_once_are_harmless() -> None:
    world = filled()
    objects = world.bucket.objects()
    first, second = world.redrive(), world.redrive()
    first.run(objects)
    report = second.run(objects)
    assert {entry.outcome for entry in report.entries} == {Outcome.FAILED, Outcome.LEFT_ALONE}
    assert len(world.bucket.contents) == 2


def test_two_runs_that_read_the_same_object_delete_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    put(world, fresh())
    objects, replay = world.bucket.objects(), world.replay

    def replay_while_another_runs(batch: FailedBatch) -> str | None:
        monkeypatch.setattr(world, "replay", replay)
        assert world.redrive().run(objects).exit_code == 0
        return replay(batch)

    monkeypatch.setattr(world, "replay", replay_while_another_runs)
    assert outcomes(world.redrive().run(objects)) == {objects[0].key: Outcome.RECORDED}
    assert world.calls.count("delete") == 2
    assert world.bucket.contents == {}
