"""What the shards of one mapping share while they are processed: settings, workers and statistics."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from typing import Protocol

from build.poller.batches import Backoff, Batch
from build.poller.destination import Destination, FailureRecord
from build.poller.invocation import Function
from build.poller.mapping import EventSourceMapping

Callback = Callable[[], None]
Task = Callable[[], Callback]


def _ignore(*_: object) -> None:
    """The default listener, for those who watch the statistics instead."""


@dataclass(frozen=True)
class PollerOptions:
    """The pace of a poller, which AWS leaves open except for the interval, and its connections to the outside.

    Args:
        poll_interval: seconds between reads of a shard that has nothing new (LDG with-ddb: four times a second).
        backoff: the delay before a retry of a batch, of a delivery, or of a read that failed.
        delivery_attempts: tries at the on-failure destination before records are dropped.
        now: the poller's clock, in seconds since 1970.
        on_sent: told of each batch that is about to be sent to the function, in any thread.
        on_dropped: told of the records that are stored nowhere, in the poller's thread.
    """

    poll_interval: float = 0.25
    backoff: Backoff = Backoff()
    delivery_attempts: int = 10
    now: Callable[[], float] = time.time
    on_sent: Callable[[EventSourceMapping, Batch], None] = _ignore
    on_dropped: Callable[[FailureRecord], None] = _ignore


class Workers(Protocol):
    """Runs slow calls as tasks; a task returns the callback that is to be run in the poller's own thread."""

    def submit(self, task: Task) -> None:
        """Begin a task."""

    def callbacks(self) -> list[Callback]:
        """Those of the tasks that ended since the last call."""

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than until a task ends."""


class ThreadWorkers:
    """Runs each task in a thread of its own; a thread that never ends keeps no process alive."""

    def __init__(self) -> None:
        self._callbacks: SimpleQueue[Callback] = SimpleQueue()
        self._wake = threading.Event()

    def submit(self, task: Task) -> None:
        """Start a thread for a task."""
        threading.Thread(target=self._run, args=(task,), daemon=True).start()

    def callbacks(self) -> list[Callback]:
        """Those of the tasks that ended since the last call; the one of a task that raised raises the same error."""
        return [self._callbacks.get_nowait() for _ in range(self._callbacks.qsize())]

    def wait(self, seconds: float) -> None:
        """Wait until a task ends, `wake` is called, or the time is over."""
        self._wake.wait(seconds)
        self._wake.clear()

    def wake(self) -> None:
        """End the current or the next waiting."""
        self._wake.set()

    def _run(self, task: Task) -> None:
        try:
            self._callbacks.put(task())
        except BaseException as error:
            self._callbacks.put(_raising(error))
        self.wake()


def _raising(error: BaseException) -> Callback:
    def callback() -> None:
        raise error

    return callback


@dataclass(frozen=True)
class Statistics:
    """Counts of records of one mapping (LDG monitoring-metrics-types, "Event source mapping metrics").

    Args:
        polled: read from the stream.
        filtered_out: left out by the filter criteria.
        invoked: sent to the function, counted at each try.
        failed_invoke: of those, the ones that must be tried again or discarded.
        processed: done, because the function succeeded.
        on_failure_destination_delivered: discarded, and stored by the on-failure destination.
        destination_delivery_failures: how often the on-failure destination refused a batch.
        dropped: discarded, and stored nowhere.
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
    destination_delivery_failures: int = 0
    dropped: int = 0
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    caught_up_at: float = -math.inf
    problems: Mapping[str, str] = field(default_factory=dict)


class StatisticsRecorder:
    """The statistics of a mapping while they grow; any thread may read `statistics`, one thread changes them."""

    def __init__(self) -> None:
        self.statistics = Statistics()

    def count(self, **amounts: int) -> None:
        """Increase some counts, each by its amount."""
        increased = {name: getattr(self.statistics, name) + amount for name, amount in amounts.items()}
        self.statistics = replace(self.statistics, **increased)

    def set_problem(self, activity: str, problem: str | None) -> None:
        """Note what keeps an activity from succeeding; None means that nothing does any more."""
        others = {name: text for name, text in self.statistics.problems.items() if name != activity}
        self.statistics = replace(self.statistics, problems=others | ({activity: problem} if problem else {}))

    def set_position(self, checkpoints: Mapping[str, str], caught_up_at: float) -> None:
        """Note how far the stream is processed."""
        self.statistics = replace(self.statistics, checkpoints=checkpoints, caught_up_at=caught_up_at)


@dataclass(frozen=True)
class MappingContext:
    """What the shards of one mapping share.

    Args:
        mapping: its configuration.
        function: what it invokes.
        destination: where its failed batches go, if anywhere.
        workers: run its calls.
        options: pace, time and listener.
        recorder: counts its records.
    """

    mapping: EventSourceMapping
    function: Function
    destination: Destination | None
    workers: Workers
    options: PollerOptions
    recorder: StatisticsRecorder = field(default_factory=StatisticsRecorder)
