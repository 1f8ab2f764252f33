"""What may be chosen about a poller beyond the mappings."""

from collections.abc import Callable
from dataclasses import dataclass

from build.poller.clock import Clock
from build.poller.failure_record import FailureRecord
from build.poller.retries import Backoff


def ignore_dropped(record: FailureRecord) -> None:
    """The listener of those who watch the statistics instead."""


@dataclass(frozen=True)
class Options:
    """The pace of a poller, which AWS leaves open but for the interval, and what it is connected to.

    Args:
        poll_interval: seconds between reads of a shard that has nothing new (LDG with-ddb: four times a second).
        backoff: before a retry of a batch, of a delivery, or of a read that failed.
        delivery_attempts: tries at the on-failure destination before records are dropped.
        clock: the poller's time.
        on_dropped: told of the records that are kept nowhere, in the poller's thread.
    """

    poll_interval: float = 0.25
    backoff: Backoff = Backoff()
    delivery_attempts: int = 10
    clock: Clock = Clock()
    on_dropped: Callable[[FailureRecord], None] = ignore_dropped
