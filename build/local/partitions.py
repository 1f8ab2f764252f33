"""The partitions of the analytics table that a run spreads its activities over, few enough in each to be counted.

The emulator's Query looks at every item of a partition for each page (37 µs an item, measured), however few items the
page holds; DynamoDB does not. Many small partitions take it less time than a few large ones.
"""

from stack.activity_shards import FROM_THE_BEGINNING, ActivityShards

_ACTIVITIES_IN_A_PARTITION = 2_000
_MOST_SHARDS = 100


def activity_shards(writes: int) -> ActivityShards:
    """The `StackConfig.activity_shards` for a number of writes, all of which may be of one type."""
    return ((FROM_THE_BEGINNING, min(_MOST_SHARDS, max(1, writes // _ACTIVITIES_IN_A_PARTITION))),)
