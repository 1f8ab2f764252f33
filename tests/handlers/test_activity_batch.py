"""A batch of stream records, with the writing replaced by a function."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from handlers.activities import activity_item
from handlers.activity_batch import BatchReport, FailedRecord, process_batch, records_of
from handlers.batch_writer import FailedWrite
from handlers.keys import Item
from tests.handlers.stream_records import USERS, stream_record

RECORD_HANDLER = partial(activity_item, source=USERS)


def user_of(item: Item) -> str | None:
    """The user of an activity."""
    return item["sourceUserId"]["S"] if "sourceUserId" in item else None


class Table:
    """Takes every item but those of the refused users."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.writes: list[list[Item]] = []

    def write(self, items: Sequence[Item]) -> list[FailedWrite]:
        self.writes.append(list(items))
        return [FailedWrite(item, "AnErrorCode") for item in items if user_of(item) in self.refused]

    def users(self) -> list[str]:
        return [item["sourceUserId"]["S"] for item in self.writes[-1]]


def processed(table: Table, *records: Any) -> BatchReport:
    return process_batch(records, RECORD_HANDLER, table.write)


def failures(batch: BatchReport) -> list[Any]:
    return [failure["itemIdentifier"] for failure in batch.response["batchItemFailures"]]


def test_an_event_has_a_list_of_records() -> None:
    assert records_of({"Records": [1, 2], "other": 3}) == [1, 2]
    assert records_of({"Records": []}) == []


@pytest.mark.parametrize("event", [None, "Records", ["Records"], {}, {"records": []}, {"Records": {"0": "a record"}}])
def test_an_event_without_records_is_refused(event: object) -> None:
    with pytest.raises(ValueError, match="^the event has no list of `Records`, so it is none of DynamoDBStreams.$"):
        records_of(event)


def test_records_that_failed_are_not_ignored_ones() -> None:
    batch = processed(Table(), stream_record(1), stream_record(2, "REMOVE"), {"eventName": "MOVE"})
    assert (batch.records, batch.written, batch.ignored, len(batch.failed)) == (3, 1, 1, 1)


def test_all_activities_are_written_in_one_go() -> None:
    table = Table()
    batch = processed(table, *(stream_record(number) for number in range(30)))
    assert table.users() == [f"user-{number}" for number in range(30)]
    assert len(table.writes) == 1
    assert failures(batch) == []
    assert batch == BatchReport(records=30, written=30, ignored=0, failed=())


def test_removals_are_ignored() -> None:
    table = Table()
    batch = processed(table, stream_record(1), stream_record(2, "REMOVE"), stream_record(3, "MODIFY"))
    assert table.users() == ["user-1", "user-3"]
    assert batch == BatchReport(records=3, written=2, ignored=1, failed=())


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_poison_record_is_reported_and_the_others_written(place: int) -> None:
    records = [stream_record(number) for number in range(3)]
    del records[place]["dynamodb"]["NewImage"]
    table = Table()
    batch = processed(table, *records)
    assert table.users() == [f"user-{number}" for number in range(3) if number != place]
    assert failures(batch) == [f"{place:021d}"]
    assert batch.failed == (FailedRecord(f"{place:021d}", "dynamodb.NewImage.userId.S is missing"),)


def test_an_activity_that_is_not_written_is_reported_by_its_record() -> None:
    batch = processed(Table("user-2"), stream_record(1), stream_record(2), stream_record(3, "REMOVE"))
    assert failures(batch) == [f"{2:021d}"]
    assert batch == BatchReport(records=3, written=1, ignored=1, failed=(FailedRecord(f"{2:021d}", "AnErrorCode"),))


def test_a_batch_that_fails_as_a_whole_does_not_raise() -> None:
    batch = processed(Table("user-1", "user-2"), stream_record(1), stream_record(2))
    assert failures(batch) == [f"{1:021d}", f"{2:021d}"]


def test_a_record_that_comes_twice_is_written_once_and_done_twice() -> None:
    table = Table()
    batch = processed(table, stream_record(1), stream_record(1), stream_record(2))
    assert table.users() == ["user-1", "user-2"]
    assert batch == BatchReport(records=3, written=2, ignored=0, failed=())


def test_activities_of_one_instant_in_two_partitions_are_both_written() -> None:
    table = Table()
    keys: list[Item] = [
        {"dataType": {"S": data_type}, "processedAt": {"N": "1700000000000.5"}} for data_type in ("TYPE", "TYPE#1")
    ]
    process_batch([stream_record(0), stream_record(1)], lambda record: keys[int(record["eventID"][-1])], table.write)
    assert table.writes == [keys]


def test_a_record_that_comes_twice_fails_twice() -> None:
    again = stream_record(1)
    again["dynamodb"]["SequenceNumber"] = "9" * 21
    assert failures(processed(Table("user-1"), stream_record(1), again)) == [f"{1:021d}", "9" * 21]


@pytest.mark.parametrize(("number", "reported"), [(None, None), (7, None), ([], None), ("", "")])
def test_a_failed_record_without_its_number_fails_the_whole_batch(number: object, reported: str | None) -> None:
    record = stream_record(1, "UPSERT")
    record["dynamodb"]["SequenceNumber"] = number
    assert failures(processed(Table(), stream_record(2), record)) == [reported]


@pytest.mark.parametrize("record", [None, "text", [], {}, {"dynamodb": None}])
def test_a_record_that_is_none_fails_the_whole_batch(record: object) -> None:
    table = Table()
    assert failures(processed(table, stream_record(1), record)) == [None]
    assert table.users() == ["user-1"]


def test_an_unforeseen_error_fails_its_record_and_tells_nothing_of_it() -> None:
    def record_handler(record: dict[str, Any]) -> Item | None:
        if record["eventID"] == "event-1":
            raise KeyError("secret")
        return activity_item(record, USERS)

    table = Table()
    batch = process_batch([stream_record(1), stream_record(2)], record_handler, table.write)
    assert table.users() == ["user-2"]
    assert batch.failed == (FailedRecord(f"{1:021d}", "KeyError"),)
