"""The keys of records and of activities side by side, in a file, so that memory does not grow with their number."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

ActivityKey = tuple[str, str]
"""`dataType` and `processedAt` of an activity."""

_SCHEMA = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE entry (
        source TEXT, processed_at TEXT, data_type TEXT, kind TEXT,
        PRIMARY KEY (source, processed_at, data_type, kind)
    ) WITHOUT ROWID;
"""
_KEYS_OF = "SELECT data_type, processed_at FROM entry WHERE source = :source AND kind = '{}'"
_STREAMED, _FAILED, _ACTIVITIES = map(_KEYS_OF.format, ("streamed", "failed", "activity"))
_RECORDED = f"SELECT * FROM ({_STREAMED} UNION {_FAILED}) INTERSECT {_ACTIVITIES}"
_MISSING = f"{_STREAMED} EXCEPT {_FAILED} EXCEPT {_ACTIVITIES}"
_WAITING = f"{_FAILED} EXCEPT {_ACTIVITIES}"
_TWICE = f"SELECT min(data_type), processed_at FROM ({_ACTIVITIES}) GROUP BY processed_at HAVING count(*) > 1"
_OF_NO_RECORD = f"""
    SELECT data_type, processed_at FROM ({_ACTIVITIES}) AS activity
    WHERE processed_at >= :complete_from AND NOT EXISTS (
        SELECT 1 FROM entry AS record
        WHERE record.source = :source AND record.processed_at = activity.processed_at AND record.kind != 'activity'
    )
"""
_EXAMPLES = 10


class Kind(StrEnum):
    """What a key was found in: a stream, the bucket of failed events, or the analytics table."""

    STREAMED = "streamed"
    FAILED = "failed"
    ACTIVITY = "activity"


@dataclass(frozen=True)
class SourceBalance:
    """What became of the records of a source.

    Args:
        source: its name.
        recorded: records with their activity in the table.
        missing: records of the stream that are nowhere else.
        waiting: records in the bucket of failed events without an activity.
        twice: records that have more than one activity.
        of_no_record: activities that no record leads to.
        examples: the first keys of each of the last four, by their names here.
    """

    source: str
    recorded: int
    missing: int
    waiting: int
    twice: int
    of_no_record: int
    examples: dict[str, list[ActivityKey]]


class Ledger:
    """Every key once for each thing that it was found in; for one thread."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file)
        self._database.executescript(_SCHEMA)

    def add(self, source: str, kind: Kind, keys: Iterable[ActivityKey]) -> None:
        """Note where keys were found; one that is noted already changes nothing."""
        rows = ((source, processed_at, data_type, kind) for data_type, processed_at in map(comparable_key, keys))
        self._database.executemany("INSERT OR IGNORE INTO entry VALUES (?, ?, ?, ?)", rows)

    def unrecorded(self, source: str, size: int) -> Iterator[Sequence[ActivityKey]]:
        """The keys of all records that have no activity, so many at a time; keys may be added meanwhile."""
        self._database.execute("DROP TABLE IF EXISTS temp.unrecorded")
        query = f"SELECT * FROM ({_MISSING}) UNION SELECT * FROM ({_WAITING})"
        self._database.execute(f"CREATE TEMP TABLE unrecorded AS {query}", {"source": source})
        rows = self._database.execute("SELECT data_type, processed_at FROM unrecorded")
        while keys := rows.fetchmany(size):
            yield keys

    def is_complete(self, source: str) -> bool:
        """Whether no record of the stream is missing."""
        return self._count(_MISSING, source=source) == 0

    def balance(self, source: str, complete_from: int) -> SourceBalance:
        """What became of the records of a source.

        Args:
            source: its name.
            complete_from: milliseconds since 1970; the stream may have lost records from before that time.
        """
        found = {"missing": _MISSING, "waiting": _WAITING, "twice": _TWICE, "of_no_record": _OF_NO_RECORD}
        values = {"source": source, "complete_from": str(complete_from)}
        return SourceBalance(
            source,
            self._count(_RECORDED, **values),
            **{name: self._count(query, **values) for name, query in found.items()},
            examples={name: self._first(query, **values) for name, query in found.items()},
        )

    def close(self) -> None:
        self._database.close()

    def _count(self, query: str, **values: str) -> int:
        count: int = self._database.execute(f"SELECT count(*) FROM ({query})", values).fetchone()[0]
        return count

    def _first(self, query: str, **values: str) -> list[ActivityKey]:
        return self._database.execute(f"{query} LIMIT {_EXAMPLES}", values).fetchall()


@contextmanager
def temporary_ledger() -> Iterator[Ledger]:
    """An empty ledger, in a folder that only its owner can read and that is deleted afterwards."""
    with TemporaryDirectory(prefix="reconcile-") as folder:
        ledger = Ledger(Path(folder, "ledger"))
        try:
            yield ledger
        finally:
            ledger.close()


def comparable_key(key: ActivityKey) -> ActivityKey:
    """A key as texts that are equal for equal keys, and as DynamoDB stores it, which leaves out zeros at the end.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    """
    data_type, processed_at = key
    plain = f"{Decimal(processed_at):f}"
    return data_type, plain.rstrip("0").rstrip(".") if "." in plain else plain
