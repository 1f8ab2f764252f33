"""What a mapping has done so far, in the words of its CloudWatch metrics."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Statistics:
    """Counts of records of one mapping (LDG monitoring-metrics-types, "Event source mapping metrics").

    Args:
        polled: read from the stream.
        filtered_out: left out by the filter criteria.
        invoked: sent to the function, counted at each try.
        failed_invoke: of those, the ones that must be tried again or given up.
        processed: done, because the function succeeded.
        on_failure_destination_delivered: given up and kept by the on-failure destination.
        dropped: given up and kept nowhere.
        checkpoints: by shard id, the sequence number up to which everything is done.
        caught_up_at: everything written to the stream before this time, in seconds since 1970, is done.
        problems: what keeps it from listing, reading, invoking or delivering right now, by that word.
    """

    polled: int = 0
    filtered_out: int = 0
    invoked: int = 0
    failed_invoke: int = 0
    processed: int = 0
    on_failure_destination_delivered: int = 0
    dropped: int = 0
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    caught_up_at: float = -math.inf
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_flight(self) -> int:
        """Records read and not yet done, given up or filtered out."""
        done = self.filtered_out + self.processed + self.on_failure_destination_delivered + self.dropped
        return self.polled - done

    def plus(self, **amounts: int) -> "Statistics":
        """The same with some counts increased."""
        return replace(self, **{name: getattr(self, name) + amount for name, amount in amounts.items()})
