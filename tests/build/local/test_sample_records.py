"""Sample records: what is written is what is said to be written."""

from typing import Any

import pytest

from build.local.sample_records import Sample, Written, requests, write_sample
from tests.sources import ORDERS, USERS


class Table:
    """A table that leaves some of its first request unprocessed."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}
        self.calls = 0

    def batch_write_item(self, RequestItems: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
        self.calls += 1
        ((name, batch),) = RequestItems.items()
        assert len(batch) <= 25
        left = batch[10:] if self.calls == 1 else []
        for request in batch[: len(batch) - len(left)]:
            self.apply(request)
        return {"UnprocessedItems": {name: left} if left else {}}

    def apply(self, request: dict[str, Any]) -> None:
        """Put or delete."""
        if "PutRequest" in request:
            item = request["PutRequest"]["Item"]
            self.items[item["orderId"]["S"]] = item
        else:
            del self.items[request["DeleteRequest"]["Key"]["orderId"]["S"]]


def test_the_table_holds_what_was_not_removed_in_its_last_state() -> None:
    table: Any = Table()
    written = write_sample(table, "orders", Sample(ORDERS, 60))
    assert written == Written(inserted=60, modified=20, removed=12)
    assert len(table.items) == 60 - 12
    assert table.items["order-000003"]["state"] == {"S": "changed"}
    assert table.items["order-000001"]["state"] == {"S": "new"}


@pytest.mark.parametrize("count", [0, 1, 2, 24, 25, 26, 31])
def test_counts_are_those_of_the_requests(count: int) -> None:
    sample = Sample(USERS, count)
    new, changed, removed = requests(sample)
    assert sample.written == Written(len(new), len(changed), len(removed))
    assert sample.written.recorded == len(new) + len(changed)


def test_times_have_fractions_and_keys_differ() -> None:
    keys = [Sample(USERS, 5).key(number) for number in range(5)]
    assert keys[2] == {"userId": {"S": "user-000002"}, "timestamp": {"N": "1750000000002.002"}}
    assert len({str(key) for key in keys}) == 5


def test_written_adds_up() -> None:
    assert Written(1, 2, 3) + Written(10, 20, 30) == Written(11, 22, 33)
