"""A simulated DynamoDB stream: its shards are written to all the time, and its records are made when they are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor
from typing import Any

from benchmarks.systems.simulated_time import SimulatedClock
from benchmarks.systems.stream_events import insertion
from stack.config import StreamSource

_RECORDS_PER_PAGE = 1_000
"""Of GetRecords, unless they exceed 1 MB
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html)."""
RECORDS_PER_REMOVAL = 20
"""One change in so many is a removal; of the others, half are insertions, half modifications."""
_NUMBERS_OF_A_SHARD = 10**9


@dataclass(frozen=True)
class Phase:
    """A time in which a shard gets so many records a second."""

    seconds: float
    rate: float


@dataclass(frozen=True)
class Arrivals:
    """When the records of a shard are written, evenly within each phase.

    Args:
        begin: seconds since 1970.
        phases: one after the other.
    """

    begin: float
    phases: Sequence[Phase]

    @property
    def total(self) -> int:
        return floor(sum(phase.seconds * phase.rate for phase in self.phases))

    def before(self, moment: float) -> int:
        """The records that are written by a moment."""
        elapsed, written = moment - self.begin, 0.0
        for phase in self.phases:
            written += min(max(elapsed, 0.0), phase.seconds) * phase.rate
            elapsed -= phase.seconds
        return floor(written)

    def moment(self, number: int) -> float:
        """When a record is written, by its number from 0."""
        moment, left = self.begin, float(number + 1)
        for phase in self.phases:
            if left <= phase.seconds * phase.rate:
                return moment + left / phase.rate
            moment, left = moment + phase.seconds, left - phase.seconds * phase.rate
        return moment


class SimulatedStream:
    """The streams' API, as far as the poller calls it, over shards that are written to evenly.

    Args:
        source: whose table it is of.
        shards: how many.
        phases: of every shard; each begins a little after the one before, as those of a real stream are not in step.
        clock: of the simulation.
    """

    def __init__(self, source: StreamSource, shards: int, phases: Sequence[Phase], clock: SimulatedClock) -> None:
        self._source = source
        self._clock = clock
        self._arrivals = [Arrivals(clock.now + number / shards, phases) for number in range(shards)]

    @property
    def written(self) -> int:
        """Records that are in the stream by now."""
        return sum(arrivals.before(self._clock.now) for arrivals in self._arrivals)

    @property
    def total(self) -> int:
        """Records in the end."""
        return sum(arrivals.total for arrivals in self._arrivals)

    @property
    def activities(self) -> int:
        """The insertions and modifications among them."""
        return sum(arrivals.total - ceil(arrivals.total / RECORDS_PER_REMOVAL) for arrivals in self._arrivals)

    def describe_stream(self, StreamArn: str) -> dict[str, Any]:
        shards = [{"ShardId": str(number), "SequenceNumberRange": {}} for number in range(len(self._arrivals))]
        return {"StreamDescription": {"StreamStatus": "ENABLED", "Shards": shards}}

    def get_shard_iterator(self, StreamArn: str, ShardId: str, ShardIteratorType: str) -> dict[str, Any]:
        assert ShardIteratorType == "TRIM_HORIZON"
        return {"ShardIterator": f"{ShardId}/0"}

    def get_records(self, ShardIterator: str) -> dict[str, Any]:
        shard, start = map(int, ShardIterator.split("/"))
        end = min(self._arrivals[shard].before(self._clock.now), start + _RECORDS_PER_PAGE)
        records = [self._record(shard, number) for number in range(start, end)]
        return {"Records": records, "NextShardIterator": f"{shard}/{end}"}

    def _record(self, shard: int, number: int) -> dict[str, Any]:
        """A change of an item of its own, as GetRecords has it."""
        moment = self._arrivals[shard].moment(number)
        record = insertion(self._source, shard * _NUMBERS_OF_A_SHARD + number, int(moment))
        change = {**record["dynamodb"], "ApproximateCreationDateTime": datetime.fromtimestamp(moment, UTC)}
        if number % RECORDS_PER_REMOVAL == 0:
            change["OldImage"] = change.pop("NewImage")
            return {**record, "eventName": "REMOVE", "dynamodb": change}
        return {**record, "eventName": "MODIFY" if number % 2 else "INSERT", "dynamodb": change}
