"""Processing one shard: records go from the reader through the filter into lanes."""

import math

from botocore.exceptions import BotoCoreError, ClientError

from build.poller.execution import Execution
from build.poller.filters import passes
from build.poller.lanes import Lane
from build.poller.progress import Progress
from build.poller.records import StreamRecord, stream_record
from build.poller.retries import RetryPolicy
from build.poller.schedule import Schedule
from build.poller.shards import Page, ShardReader
from build.poller.surroundings import Surroundings

READ_AHEAD = 10_000


class ShardConsumer:
    """One shard being processed.

    Args:
        shard_id: the shard.
        reader: reads it.
        surroundings: what it shares with the mapping's other shards.
    """

    def __init__(self, shard_id: str, reader: ShardReader, surroundings: Surroundings) -> None:
        policy = RetryPolicy(surroundings.mapping, surroundings.options.backoff)
        self.shard_id = shard_id
        self.progress = Progress()
        self._reader = reader
        self._surroundings = surroundings
        self._execution = Execution(shard_id, policy, self.progress, surroundings)
        self._lanes = [Lane(policy) for _ in range(surroundings.mapping.parallelization_factor)]
        self._reading = Schedule(surroundings.options.backoff)
        self._empty_at = -math.inf

    @property
    def finished(self) -> bool:
        """Whether the shard is closed and every record of it done."""
        return self._reader.closed and not self.progress.pending

    @property
    def caught_up_at(self) -> float:
        """Everything that the shard held at this time, in seconds since 1970, is done; a closed one has children."""
        return -math.inf if self.progress.pending or self._reader.closed else self._empty_at

    def due_at(self) -> float:
        """When there is something to do, in seconds since 1970: at once if the shard is finished."""
        if self.finished:
            return -math.inf
        return min(self._next_read(), *(lane.due_at() for lane in self._lanes))

    def step(self, now: float) -> None:
        """Read if it is time, and start what is due in the lanes."""
        if now >= self._next_read():
            self._read(now)
        for lane in self._lanes:
            step = lane.start(now)
            if step:
                self._execution.start(lane, step)

    def _next_read(self) -> float:
        stocked = all(lane.stocked for lane in self._lanes) or self.progress.pending >= READ_AHEAD
        return math.inf if stocked or self._reader.closed else self._reading.due_at

    def _read(self, now: float) -> None:
        try:
            page = self._reader.read()
        except (BotoCoreError, ClientError) as error:
            self._reading.failed(now)
            self._surroundings.tally.note("reading", str(error))
        else:
            self._reading.succeeded(now, 0 if page.records else self._surroundings.options.poll_interval)
            self._surroundings.tally.note("reading", None)
            self._accept(page, now)

    def _accept(self, page: Page, now: float) -> None:
        self._surroundings.tally.add(polled=len(page.records))
        if page.at_end:
            self._empty_at = now
        for record in page.records:
            self._sort(stream_record(record, self._surroundings.mapping.stream_arn, now))

    def _sort(self, record: StreamRecord) -> None:
        self.progress.begin(record)
        filters = self._surroundings.mapping.filters
        if not filters or passes(filters, record.event):
            self._lanes[record.lane(len(self._lanes))].add(record)
        else:
            self._surroundings.tally.add(filtered_out=1)
            self.progress.finish((record,))
