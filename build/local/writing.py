"""Writing to the tables of the sources, in batches, and counting what each write amounts to."""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from stack.config import StreamSource

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestUnionTypeDef

    from build.local.items import Item

_REQUESTS_IN_A_BATCH = 25


@dataclass(frozen=True)
class WriteCounts:
    """How many records were inserted, modified and removed, and how many writes changed nothing."""

    inserted: int = 0
    modified: int = 0
    removed: int = 0
    unchanged: int = 0

    def __add__(self, other: "WriteCounts") -> "WriteCounts":
        return WriteCounts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def recorded(self) -> int:
        """How many activities these writes lead to: removals lead to none."""
        return self.inserted + self.modified

    @property
    def streamed(self) -> int:
        """How many stream records they lead to: a write that changes nothing leads to none
        (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html)."""
        return self.recorded + self.removed


@dataclass(frozen=True)
class Write:
    """A record to put into the table of a source, or its key to be removed from it."""

    source: StreamSource
    item: "Item"
    remove: bool = False

    @property
    def key(self) -> "Item":
        """The attributes that identify the record."""
        return {name: self.item[name] for name in (self.source.id_attribute, self.source.time_attribute)}

    @property
    def request(self) -> "WriteRequestUnionTypeDef":
        """The write as BatchWriteItem takes it."""
        return {"DeleteRequest": {"Key": self.key}} if self.remove else {"PutRequest": {"Item": self.item}}


def numbered_item(source: StreamSource, name: str, number: int) -> "Item":
    """A record of a source with nothing but its key."""
    return {source.id_attribute: {"S": f"{name}-{number:06d}"}, source.time_attribute: {"N": str(number)}}


class TableWriter:
    """Writes in order; what the writes amount to is known from the writes alone, not from what the tables did.

    Args:
        dynamodb: the tables' client.
        tables: their names by source, which are empty at first.
    """

    def __init__(self, dynamodb: "DynamoDBClient", tables: Mapping[str, str]) -> None:
        self._dynamodb = dynamodb
        self._tables = tables
        self._contents = _Contents()
        self._batch: dict[tuple[str, bytes], Write] = {}
        self._effects: Counter[tuple[str, str]] = Counter()

    def write(self, write: Write) -> None:
        """Write now or with the next ones; a batch holds no record twice, which BatchWriteItem would refuse."""
        key = (write.source.name, _digest(write.key))
        if key in self._batch or len(self._batch) == _REQUESTS_IN_A_BATCH:
            self.flush()
        self._batch[key] = write
        self._effects[write.source.name, self._contents.change(key, None if write.remove else _digest(write.item))] += 1

    def flush(self) -> None:
        """Write what is left."""
        requests: dict[str, list[WriteRequestUnionTypeDef]] = {}
        for write in self._batch.values():
            requests.setdefault(self._tables[write.source.name], []).append(write.request)
        _write_all(self._dynamodb, requests)
        self._batch.clear()

    def counts(self, source: StreamSource) -> WriteCounts:
        """What the writes to the table of a source amount to."""
        return WriteCounts(*(self._effects[source.name, field.name] for field in fields(WriteCounts)))


class _Contents:
    """What each record holds, as digests in a temporary file of SQLite's, which no other process can open.

    A dictionary would grow with the records; https://www.sqlite.org/inmemorydb.html#temp_db
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(
            "CREATE TABLE content (source TEXT, key BLOB, digest BLOB, PRIMARY KEY (source, key)) WITHOUT ROWID"
        )

    def change(self, key: tuple[str, bytes], digest: bytes | None) -> str:
        """Note what a record holds from now on, None when it is removed; the result is a name of `WriteCounts`."""
        found = self._database.execute("SELECT digest FROM content WHERE source = ? AND key = ?", key).fetchone()
        before: bytes | None = found[0] if found else None
        if before == digest:
            return "unchanged"
        if digest is None:
            self._database.execute("DELETE FROM content WHERE source = ? AND key = ?", key)
            return "removed"
        self._database.execute("INSERT OR REPLACE INTO content VALUES (?, ?, ?)", (*key, digest))
        return "modified" if before else "inserted"


def _digest(item: "Item") -> bytes:
    return hashlib.sha256(json.dumps(item, sort_keys=True, default=_binary_as_text).encode()).digest()


def _binary_as_text(content: bytes) -> str:
    return content.hex()


def _write_all(dynamodb: "DynamoDBClient", requests: "Mapping[str, Sequence[WriteRequestUnionTypeDef]]") -> None:
    pending: Any = requests
    while pending:
        pending = dynamodb.batch_write_item(RequestItems=pending)["UnprocessedItems"]
