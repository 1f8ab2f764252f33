"""Windows cut into slices, an hour of some partitions of one activity type, which are counted apart and added up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from handlers.activity_settings import ShardHistory
from handlers.errors import SlicesError
from handlers.keys import partition_keys
from handlers.windows import Window, hours_of

MOST_SHARD_GROUPS = 20
"""Groups that the partitions of an hour are divided into, and one more for each source at most.

Two days are 960 slices then, and 48 more for each source: less than the 25,000 events of an execution's history, 7 for
each slice, and as JSON less than the 256 KiB that states pass on
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

HourlyCounts: TypeAlias = Mapping[str, Sequence[int]]
"""The activities in each hour of a window, by activity type."""


@dataclass(frozen=True)
class Slice:
    """What is counted at once.

    Args:
        activity_type: what to count.
        hour: of a window.
        first_shard: the first of the shards.
        end_shard: the first that is not among them any more.
    """

    activity_type: str
    hour: Window
    first_shard: int
    end_shard: int

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Slice":
        hour = Window(value["start"], value["end"])
        return cls(value["activityType"], hour, value["firstShard"], value["endShard"])

    def to_json(self) -> dict[str, Any]:
        return {
            "activityType": self.activity_type,
            "start": self.hour.start,
            "end": self.hour.end,
            "firstShard": self.first_shard,
            "endShard": self.end_shard,
        }

    @property
    def partition_keys(self) -> tuple[str, ...]:
        return partition_keys(self.activity_type, self.end_shard)[self.first_shard :]


CountedSlice: TypeAlias = tuple[Slice, int]


def slices_of(
    windows: Iterable[Window], activity_types: Sequence[str], shards: ShardHistory, groups: int
) -> Iterator[Slice]:
    """Cut windows into slices, hour by hour, so that those that are counted at once are of different partitions.

    Args:
        windows: the spans of time.
        activity_types: what to count.
        shards: how many partitions every type is spread over, and since when.
        groups: that the partitions of an hour are divided into; with several types there may be one more for each.
    """
    for hour in (hour for window in windows for hour in hours_of(window)):
        number = shards.most_between(hour.start, hour.end)
        size = -(-number * len(activity_types) // groups)
        for activity_type in activity_types:
            for first in range(0, number, size):
                yield Slice(activity_type, hour, first, min(first + size, number))


def hourly_counts(
    window: Window, activity_types: Sequence[str], shards: ShardHistory, counted: Sequence[CountedSlice]
) -> HourlyCounts:
    """Add up the slices of a window.

    Args:
        window: the span of time.
        activity_types: what was counted.
        shards: how many partitions every type is spread over, and since when.
        counted: slices, also of other windows, in any order.

    Raises:
        SlicesError: unless every shard of every hour was counted once.
    """
    found: dict[tuple[str, Window], list[tuple[int, int, int]]] = {}
    for part, count in counted:
        if window.start < part.hour.end and part.hour.start < window.end:
            found.setdefault((part.activity_type, part.hour), []).append((part.first_shard, part.end_shard, count))
    hours = {(activity_type, hour) for activity_type in activity_types for hour in hours_of(window)}
    if found.keys() != hours:
        raise SlicesError(f"the slices do not tile the time from {window.start} to {window.end} in hours.")
    return {
        activity_type: [
            _sum_of_shards(found[activity_type, hour], shards.most_between(hour.start, hour.end))
            for hour in hours_of(window)
        ]
        for activity_type in activity_types
    }


def _sum_of_shards(parts: list[tuple[int, int, int]], number: int) -> int:
    """The activities in all shards of an hour."""
    total = end = 0
    for first, after, count in sorted(parts):
        if first != end:
            raise SlicesError(f"the slices of an hour have a gap or an overlap at shard {end}.")
        total, end = total + count, after
    if end != number:
        raise SlicesError(f"the slices of an hour have {end} shards instead of {number}.")
    return total
