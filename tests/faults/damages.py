"""Ways in which a stream record can be wrong."""

from typing import Any

from tests.faults.changes import Damage, Record


def without(*path: str) -> Damage:
    """Take away what is at a path."""

    def damage(record: Record) -> Record:
        del parent(record, path)[path[-1]]
        return record

    return damage


def having(value: Any, *path: str) -> Damage:
    """Put a value at a path."""

    def damage(record: Record) -> Record:
        parent(record, path)[path[-1]] = value
        return record

    return damage


def parent(record: Record, path: tuple[str, ...]) -> Any:
    """What holds the last name of a path."""
    for name in path[:-1]:
        record = record[name]
    return record


def instead(value: Any) -> Damage:
    """Put something else in the place of the record."""
    return lambda record: value
