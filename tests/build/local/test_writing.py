"""Writing: batches that BatchWriteItem takes, and counts that are those of what the tables then did."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from build.local.writing import TableWriter, Write, WriteCounts
from tests.sources import ORDERS, USERS

TABLES = {"UserData": "dev-users", "OrderData": "dev-orders"}


class Tables:
    """Tables that refuse a batch as AWS would, leave some of it unprocessed, and count their stream records."""

    def __init__(self, unprocessed_calls: int = 0) -> None:
        self.items: dict[str, dict[str, Any]] = {"dev-users": {}, "dev-orders": {}}
        self.effects = {name: WriteCounts() for name in self.items}
        self.batch_sizes: list[int] = []
        self._unprocessed_calls = unprocessed_calls

    def batch_write_item(self, RequestItems: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
        requests = [(name, request) for name, batch in RequestItems.items() for request in batch]
        self.batch_sizes.append(len(requests))
        keys = [(name, self._key(request)) for name, request in requests]
        assert 1 <= len(keys) <= 25
        assert len(keys) == len(set(keys)), "Provided list of item keys contains duplicates"
        self._unprocessed_calls, done = self._unprocessed_calls - 1, len(requests)
        if self._unprocessed_calls >= 0:
            done = len(requests) // 2
        for name, request in requests[:done]:
            self._apply(name, request)
        left: dict[str, list[dict[str, Any]]] = {}
        for name, request in requests[done:]:
            left.setdefault(name, []).append(request)
        return {"UnprocessedItems": left}

    def _key(self, request: dict[str, Any]) -> str:
        item = request["PutRequest"]["Item"] if "PutRequest" in request else request["DeleteRequest"]["Key"]
        return str([item[name] for name in ("userId", "timestamp", "orderId", "createdAt") if name in item])

    def _apply(self, name: str, request: dict[str, Any]) -> None:
        key, items = self._key(request), self.items[name]
        before, after = items.pop(key, None), request.get("PutRequest", {}).get("Item")
        if after:
            items[key] = after
        self.effects[name] += WriteCounts(
            inserted=int(before is None and after is not None),
            modified=int(None not in (before, after) and before != after),
            removed=int(before is not None and after is None),
            unchanged=int(before == after),
        )


def user(number: int, content: str = "", remove: bool = False) -> Write:
    item: Any = {"userId": {"S": str(number)}, "timestamp": {"N": "1"}, "content": {"S": content}}
    return Write(USERS, item, remove)


def order(number: int) -> Write:
    return Write(ORDERS, {"orderId": {"S": str(number)}, "createdAt": {"N": "1"}, "data": {"B": b"x"}})


def written(writes: list[Write], tables: Any) -> TableWriter:
    """A writer that has written."""
    writer = TableWriter(tables, TABLES)
    for write in writes:
        writer.write(write)
    writer.flush()
    return writer


def test_batches_are_full_and_shared_by_the_tables() -> None:
    tables = Tables()
    written([user(number) for number in range(30)] + [order(number) for number in range(30)], tables)
    assert tables.batch_sizes == [25, 25, 10]
    assert [len(items) for items in tables.items.values()] == [30, 30]


def test_what_is_left_unprocessed_is_written_again() -> None:
    tables = Tables(unprocessed_calls=3)
    written([user(number) for number in range(25)], tables)
    assert tables.batch_sizes == [25, 13, 7, 4]
    assert len(tables.items["dev-users"]) == 25


def test_a_record_twice_is_written_in_order() -> None:
    tables = Tables()
    writer = written([user(1, "a"), user(2, "a"), user(1, "b"), user(1, "b"), user(1, "a")], tables)
    assert tables.items["dev-users"]["[{'S': '1'}, {'N': '1'}]"]["content"] == {"S": "a"}
    assert writer.counts(USERS) == WriteCounts(inserted=2, modified=2, unchanged=1)
    assert writer.counts(ORDERS) == WriteCounts()


@given(st.lists(st.builds(user, st.integers(0, 3), st.sampled_from("ab"), st.booleans()), max_size=60))
def test_the_counts_are_what_the_table_did(writes: list[Write]) -> None:
    tables = Tables()
    assert written(writes, tables).counts(USERS) == tables.effects["dev-users"]


def test_counts_add_up() -> None:
    total = WriteCounts(1, 2, 3, 4) + WriteCounts(10, 20, 30, 40)
    assert total == WriteCounts(11, 22, 33, 44)
    assert (total.recorded, total.streamed) == (33, 66)
