"""One source's way from its stream to the analytics table, through the faithful poller and in virtual time."""

from typing import Protocol

from build.poller import destination as on_failure
from build.poller.batches import Backoff
from build.poller.context import PollerOptions, Statistics
from build.poller.invocation import Function
from build.poller.mapping import EventSourceMapping
from stack.config import StreamSource
from tests.build.poller.fakes import FakeShard, FakeStreams, VirtualTime
from tests.build.poller.stepwise import StepwisePoller
from tests.build.poller.world import clients_in_memory
from tests.faults import promise
from tests.faults.changes import Change, Damage, change

SHARDS = ("shard-0", "shard-1")
MODIFIED_EVERY = 3
REMOVED_EVERY = 5
SECONDS_BETWEEN_READS = 60
LONGEST_RUN = 3 * 24 * 3600
"""Seconds; a stream forgets its records after one day."""


class Destination(promise.Destination, on_failure.Destination, Protocol):
    """What the poller delivers to, and the promise looks into."""


class SourcePipeline:
    """A stream of two shards in memory, and the poller that invokes a function with what is in it.

    Args:
        source: the table that is followed.
        mapping: its event source mapping.
        function: what is invoked.
        time: the virtual time.
        table: where the function records activities.
        destination: where failed batches go.
    """

    def __init__(
        self,
        source: StreamSource,
        mapping: EventSourceMapping,
        function: Function,
        time: VirtualTime,
        table: promise.Table,
        destination: Destination,
    ) -> None:
        self.changes: list[Change] = []
        self._shards = list(SHARDS)
        self._streams = FakeStreams(time, SHARDS)
        self._source, self._time, self._table, self._destination = source, time, table, destination
        self._mapping = mapping
        self._give_up_at = time.now
        self._poller = StepwisePoller(
            [mapping],
            clients_in_memory(self._streams, function, destination),
            PollerOptions(SECONDS_BETWEEN_READS, Backoff(1, 60), now=time.read),
            self._wait,
        )

    def write(self, item: int, event_name: str = "INSERT", damage: Damage | None = None, state: str = "new") -> Change:
        """Have an item of the source change, and the record of it damaged; items with even numbers share a shard."""
        written = change(self._source, len(self.changes), item, self._time.now, event_name, state)
        written = written.damaged(damage) if damage else written
        self.changes.append(written)
        self._streams.shards[self._shards[item % len(self._shards)]].records.append(written.record)
        return written

    def write_some(self, items: int = 24, first: int = 0) -> None:
        """Have new items inserted, some of them modified twice and some removed, in both shards."""
        for item in range(first, first + items):
            self.write(item)
        for state in ("newer", "newest"):
            for item in range(first, first + items, MODIFIED_EVERY):
                self.write(item, "MODIFY", state=state)
        for item in range(first, first + items, REMOVED_EVERY):
            self.write(item, "REMOVE")

    def split_shards(self) -> None:
        """Close every shard, and have a child follow each."""
        for position, parent in enumerate(self._shards):
            self._streams.shards[parent].closed = True
            self._shards[position] = f"{parent}-child"
            self._streams.shards[self._shards[position]] = FakeShard(parent)

    def run(self) -> Statistics:
        """Process everything that was written."""
        self._give_up_at = self._time.now + LONGEST_RUN
        self._poller.run_until_idle()
        return self._poller.statistics[self._mapping.uuid]

    def _wait(self, seconds: float) -> None:
        self._time.sleep(seconds)
        assert self._time.now < self._give_up_at, "records are neither done nor given up, days after they were written"

    def assert_promise(self) -> set[str]:
        """Fail unless nothing is lost and nothing recorded twice; returns what is in the failure bucket."""
        return promise.assert_promise(self.changes, self._table, self._destination)

    def numbers(self) -> set[str]:
        """The sequence numbers of all insertions and modifications."""
        return {change.sequence_number for change in self.changes if change.counts}
