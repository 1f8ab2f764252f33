"""How activities are stored: how long, and over how many partitions, a history so that a raise moves no record."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ShardHistory:
    """The numbers of shards, each with when it came into force.

    Args:
        entries: milliseconds since 1970 and a number of shards, ascending; the first time is 0.
    """

    entries: tuple[tuple[int, int], ...]

    @classmethod
    def from_json(cls, text: str) -> "ShardHistory":
        """The history in a JSON list of pairs, whose times are 0 or ISO 8601 to the second."""
        return cls(tuple((_milliseconds(when), shards) for when, shards in json.loads(text)))

    def at(self, moment: int) -> int:
        """The shards in force at a moment, in milliseconds since 1970."""
        (_, in_force), *later = self.entries
        for begin, shards in later:
            if begin <= moment:
                in_force = shards
        return in_force

    def most_between(self, start: int, end: int) -> int:
        """The most shards in force at any time from `start` up to, but without, `end`."""
        return max([self.at(start), *(shards for begin, shards in self.entries if start < begin < end)])


def retention_days(environment: Mapping[str, str]) -> int | None:
    """How long activities are kept; None for ever."""
    days = environment.get("ACTIVITY_RETENTION_DAYS")
    return int(days) if days else None


def _milliseconds(when: str | int) -> int:
    return int(datetime.fromisoformat(when).timestamp()) * 1000 if isinstance(when, str) else when
