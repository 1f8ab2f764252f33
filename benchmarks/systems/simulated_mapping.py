"""A source's way from its stream to the analytics table in simulated time: the real poller, the packaged function.

An invocation takes the CPU time that `stack.sizing` assumes of it, on the share of a CPU that its memory gives, and
as much as a request takes for each of its requests.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, cast

from benchmarks.systems.lambda_environment import LambdaContext, enter_function
from benchmarks.systems.packaged_functions import packaged_modules
from benchmarks.systems.simulated_stream import Phase, SimulatedStream
from benchmarks.systems.simulated_time import SimulatedClock, SimulatedWorkers
from benchmarks.systems.stream_events import END_OF_DAY
from benchmarks.systems.template_facts import function_variables, source_mapping
from build.poller.batches import Batch
from build.poller.context import MappingContext, PollerOptions
from build.poller.invocation import Response
from build.poller.mapping import EventSourceMapping
from build.poller.poller import MappingPoller
from stack.config import WRITES_PER_SHARD, StackConfig, StreamSource, stream_processor
from stack.sizing import REQUEST_SECONDS, cpu_seconds

Handler = Callable[[dict[str, Any], Any], object]


class ThrottlingTable:
    """Takes 1,000 write units a second of each partition key, without any burst, and leaves the rest unprocessed.

    Args:
        clock: every request takes its time.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self.keys: set[tuple[str, str]] = set()
        self.writes = 0
        self.throttled = 0
        self._clock = clock
        self._units: Counter[tuple[str, int]] = Counter()

    def batch_write_item(self, RequestItems: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
        ((table, requests),) = RequestItems.items()
        unprocessed = [request for request in requests if not self._write(request["PutRequest"]["Item"])]
        self._clock.sleep(REQUEST_SECONDS)
        return {"UnprocessedItems": {table: unprocessed} if unprocessed else {}}

    def _write(self, item: dict[str, Any]) -> bool:
        partition, second = item["dataType"]["S"], int(self._clock.now)
        if self._units[partition, second] >= WRITES_PER_SHARD:
            self.throttled += 1
            return False
        self._units[partition, second] += 1
        self.keys.add((partition, item["processedAt"]["N"]))
        self.writes += 1
        return True


@dataclass(frozen=True)
class _TimedContext(LambdaContext):
    """A context whose time runs out by a clock."""

    clock: SimulatedClock = SimulatedClock(0)
    deadline: float = 0

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self.deadline - self.clock.now))


@dataclass(frozen=True)
class _SimulatedFunction:
    """The stream processor as something to invoke."""

    handler: Handler
    source: StreamSource
    clock: SimulatedClock

    def __call__(self, payload: bytes) -> Response:
        context = _TimedContext(clock=self.clock, deadline=self.clock.now + self.source.timeout)
        event = json.loads(payload)
        self.clock.sleep(cpu_seconds(self.source, len(event["Records"])))
        return Response("", 200, "$LATEST", None, json.dumps(self.handler(event, context)).encode())


@dataclass(frozen=True)
class Waiting:
    """The most that waited within some time.

    Args:
        records: that were in the stream and not done.
        age: in seconds, of the first record of a batch when the function was invoked.
    """

    records: int
    age: float


class SimulatedMapping:
    """A mapping that polls a stream for as long as it is told to.

    Args:
        source: whose stream it polls, with the sizes of its mapping and function.
        config: of the stack that the source is part of.
        shards: of the stream.
        phases: of its shards.
        module: the entry module of the function, which is made to write and wait in simulated time.
    """

    def __init__(
        self, source: StreamSource, config: StackConfig, shards: int, phases: Sequence[Phase], module: Any
    ) -> None:
        self.clock = SimulatedClock(END_OF_DAY / 1000)
        self.table = ThrottlingTable(self.clock)
        self.stream = SimulatedStream(source, shards, phases, self.clock)
        self.lanes = shards * source.parallelization_factor
        self._ages: list[float] = []
        self._workers = SimulatedWorkers(self.clock)
        module.dynamodb = self.table
        module.BatchWriter = partial(module.BatchWriter, sleep=self.clock.sleep)
        function = _SimulatedFunction(module.handler, source, self.clock)
        options = PollerOptions(now=self.clock.read, on_sent=self._note_age)
        context = MappingContext(source_mapping(source, config), function, None, self._workers, options)
        self._poller = MappingPoller(cast(Any, self.stream), context)

    @property
    def most_at_once(self) -> int:
        """Invocations at the same time."""
        return self._workers.most_at_once

    def poll(self, seconds: float) -> Waiting:
        """Let time pass; the result is what waited meanwhile."""
        end, records = self.clock.now + seconds, 0
        self._ages.clear()
        while self.clock.now < end:
            due = self._poller.run_due()
            records = max(records, self._backlog)
            self._workers.wait(min(due, end - self.clock.now))
        return Waiting(records, max(self._ages, default=0.0))

    @property
    def _backlog(self) -> int:
        done = self._poller.statistics
        return self.stream.written - done.processed - done.filtered_out - done.dropped

    def _note_age(self, mapping: EventSourceMapping, batch: Batch) -> None:
        """Lambda's own metric is the age of the last record of a batch, which is younger."""
        self._ages.append(self.clock.now - batch.records[0].created_at)


def packaged_processor(source: StreamSource, config: StackConfig) -> ModuleType:
    """The entry module of a source's function from its archive, in a process that is made like the function's."""
    function = stream_processor(source)
    enter_function(function_variables(function.logical_id, config))
    (module,) = packaged_modules(config, function)
    return module
