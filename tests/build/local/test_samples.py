"""Sample records: what an application would write, each step of it touching a record once."""

import pytest

from build.local.records import Sample, SampleRecords
from build.local.writing import WriteCounts
from tests.build.local.test_writing import Tables, written
from tests.sources import ORDERS, USERS


def counts(sample: Sample, tables: Tables) -> WriteCounts:
    """What writing a sample amounts to."""
    return written(list(sample.writes()), tables).counts(sample.source)


def test_the_table_holds_what_was_not_removed_in_its_last_state() -> None:
    tables = Tables(unprocessed_calls=1)
    assert counts(Sample(ORDERS, 60), tables) == WriteCounts(inserted=60, modified=20, removed=12)
    items = {item["orderId"]["S"]: item for item in tables.items["dev-orders"].values()}
    assert len(items) == 60 - 12
    assert items["order-000003"]["state"] == {"S": "changed"}
    assert items["order-000001"]["state"] == {"S": "new"}


@pytest.mark.parametrize("count", [0, 1, 2, 24, 25, 26, 31])
def test_every_third_changes_and_every_fifth_is_removed(count: int) -> None:
    tables = Tables()
    found = counts(Sample(USERS, count), tables)
    assert found == WriteCounts(count, -(-count // 3), -(-count // 5)) == tables.effects["dev-users"]
    assert found.recorded == count + -(-count // 3)


def test_times_have_fractions_and_keys_differ() -> None:
    keys = [write.key for write in Sample(USERS, 5).writes() if write.item.get("state") == {"S": "new"}]
    assert keys[2] == {"userId": {"S": "user-000002"}, "timestamp": {"N": "1750000000002.002"}}
    assert len({str(key) for key in keys}) == 5


def test_all_samples_are_the_input_of_a_run() -> None:
    records = SampleRecords([Sample(USERS, 5), Sample(ORDERS, 3)])
    writes = list(records.writes())
    assert [write.source.name for write, _ in writes] == ["UserData"] * 8 + ["OrderData"] * 5
    assert [part for _, part in writes] == [number / 13 for number in range(1, 14)]
    assert records.rejected == 0
    assert records.description == "8 records, some changed and some removed later"
