"""Polling mappings in the background, each in a thread of its own, as Lambda does."""

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from botocore.exceptions import BotoCoreError, ClientError

from build.aws import Clients
from build.poller.consumer import CallSchedule, ShardConsumer, ShardProgress
from build.poller.context import MappingContext, PollerOptions, Statistics, ThreadWorkers
from build.poller.destination import Destination, S3Destination
from build.poller.invocation import Function, LambdaFunction
from build.poller.mapping import EventSourceMapping
from build.poller.shards import ShardTree

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

_CALL_SECONDS = 10
_LONGEST_INVOCATION_SECONDS = 15 * 60 + _CALL_SECONDS
"""A function runs 15 minutes at most (LDG gettingstarted-limits)."""
_CONNECTIONS = 50
_LONGEST_WAIT_SECONDS = 60.0
_STOP_SECONDS = 5.0


@dataclass(frozen=True)
class PollerClients:
    """What a poller talks to.

    Args:
        streams: client for the streams' API.
        function: gives what is invoked for a mapping.
        destination: gives where a mapping's failed batches go, None for nowhere.
    """

    streams: "DynamoDBStreamsClient"
    function: Callable[[EventSourceMapping], Function]
    destination: Callable[[EventSourceMapping], Destination | None]


def open_poller_clients(clients: Clients) -> PollerClients:
    """Clients that leave retries to the poller, and wait for an invocation as long as a function may run."""
    quick = clients.configured(
        connect_timeout=_CALL_SECONDS, read_timeout=_CALL_SECONDS, retries={"total_max_attempts": 1}
    )
    patient = quick.configured(read_timeout=_LONGEST_INVOCATION_SECONDS, max_pool_connections=_CONNECTIONS)
    return PollerClients(
        streams=quick.streams,
        function=lambda mapping: LambdaFunction(patient.functions, mapping.function_arn),
        destination=lambda mapping: (
            S3Destination(quick.s3, mapping.on_failure_bucket) if mapping.on_failure_bucket else None
        ),
    )


class MappingPoller:
    """What Lambda does for one mapping; only one thread may call `run_due`."""

    def __init__(self, streams: "DynamoDBStreamsClient", context: MappingContext) -> None:
        mapping, options = context.mapping, context.options
        self._context = context
        self._now = options.now
        self._shards = ShardTree(streams, mapping.stream_arn, mapping.starting_position)
        self._listing = CallSchedule(options.backoff)
        self._listed_at = -math.inf
        self._consumers: list[ShardConsumer] = []
        self._progress: dict[str, ShardProgress] = {}

    @property
    def uuid(self) -> str:
        """The mapping's id."""
        return self._context.mapping.uuid

    @property
    def statistics(self) -> Statistics:
        """What was done so far; any thread may ask."""
        return self._context.recorder.statistics

    def run_due(self) -> float:
        """Do everything that is due.

        Returns:
            Seconds until something else is due, unless a task of the workers ends before; infinite if nothing will be.
        """
        for callback in self._context.workers.callbacks():
            callback()
        now = self._now()
        self._finish_shards()
        self._start_shards(now)
        for consumer in self._consumers:
            consumer.run_due(now)
        self._context.recorder.set_position(self._checkpoints(), self._caught_up_at())
        return max(0.0, self._due_at() - self._now())

    def _finish_shards(self) -> None:
        for consumer in self._consumers:
            if consumer.finished:
                self._shards.finish(consumer.shard_id)
        self._consumers = [consumer for consumer in self._consumers if not consumer.finished]

    def _start_shards(self, now: float) -> None:
        if now >= self._next_listing():
            self._list_shards(now)
        for shard_id, reader in self._shards.readers():
            consumer = ShardConsumer(shard_id, reader, self._context)
            self._consumers.append(consumer)
            self._progress[shard_id] = consumer.progress

    def _list_shards(self, now: float) -> None:
        try:
            self._shards.refresh()
        except (BotoCoreError, ClientError) as error:
            self._listing.failed(now)
            self._context.recorder.set_problem("listing", str(error))
        else:
            self._listing.succeeded(now, self._context.options.poll_interval)
            self._context.recorder.set_problem("listing", None)
            self._listed_at = now

    def _next_listing(self) -> float:
        return math.inf if self._shards.complete else self._listing.due_at

    def _due_at(self) -> float:
        return min((self._next_listing(), *(consumer.due_at() for consumer in self._consumers)))

    def _caught_up_at(self) -> float:
        listed = math.inf if self._shards.complete else self._listed_at
        return min([listed, *(consumer.caught_up_at for consumer in self._consumers)])

    def _checkpoints(self) -> dict[str, str]:
        return {shard: progress.checkpoint for shard, progress in self._progress.items() if progress.checkpoint}


class Poller:
    """Polls mappings from `start` to `stop`, each in a thread of its own, or within a `with` statement.

    Args:
        mappings: what is polled, until one is disabled.
        clients: what it talks to.
        options: pace, time and listener.
    """

    def __init__(
        self, mappings: Iterable[EventSourceMapping], clients: PollerClients, options: PollerOptions = PollerOptions()
    ) -> None:
        self._now = options.now
        self._progressed = threading.Condition()
        self._threads = [self._thread(mapping, clients, options) for mapping in mappings]

    def _thread(self, mapping: EventSourceMapping, clients: PollerClients, options: PollerOptions) -> "_MappingThread":
        workers = ThreadWorkers()
        context = MappingContext(mapping, clients.function(mapping), clients.destination(mapping), workers, options)
        return _MappingThread(MappingPoller(clients.streams, context), workers, self._progressed)

    @property
    def statistics(self) -> Mapping[str, Statistics]:
        """What was done so far, by mapping id."""
        return {thread.poller.uuid: thread.poller.statistics for thread in self._threads}

    def set_enabled(self, uuid: str, enabled: bool) -> None:
        """Enable a mapping or disable it, which leaves invocations under way to end; an unknown one is ignored."""
        for thread in self._threads:
            if thread.poller.uuid == uuid:
                thread.set_enabled(enabled)

    def start(self) -> None:
        """Begin polling."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End polling; invocations under way are left to end by themselves, their records count as not done."""
        for thread in self._threads:
            thread.ask_to_stop()
        for thread in self._threads:
            thread.join()

    def wait_until_idle(self, timeout: float | None = None) -> bool:
        """Wait until everything that was written to the streams before this call is done.

        Args:
            timeout: seconds to wait at most; None for no limit.

        Returns:
            Whether it is done.

        Raises:
            Exception: whatever ended polling, if it did.
        """
        called_at = self._now()
        with self._progressed:
            return self._progressed.wait_for(
                lambda: all(thread.caught_up(called_at) for thread in self._threads), timeout
            )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _MappingThread:
    """A thread that polls one mapping until it is stopped, and notifies `progressed` whenever it has done something."""

    def __init__(self, poller: MappingPoller, workers: ThreadWorkers, progressed: threading.Condition) -> None:
        self.poller = poller
        self._failure: Exception | None = None
        self._workers = workers
        self._progressed = progressed
        self._stopping = threading.Event()
        self._enabled = True
        self._thread = threading.Thread(target=self._run, name=f"mapping {poller.uuid}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def set_enabled(self, enabled: bool) -> None:
        """Poll from now on, or no more."""
        self._enabled = enabled
        self._workers.wake()

    def ask_to_stop(self) -> None:
        self._stopping.set()
        self._workers.wake()

    def join(self) -> None:
        """Wait a moment for the calls under way."""
        self._thread.join(_STOP_SECONDS)

    def caught_up(self, since: float) -> bool:
        """Whether everything written before a time is done.

        Raises:
            Exception: whatever ended the thread.
        """
        if self._failure:
            raise self._failure
        return self.poller.statistics.caught_up_at > since

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                seconds = self.poller.run_due() if self._enabled else math.inf
                self._notify()
                self._workers.wait(min(seconds, _LONGEST_WAIT_SECONDS))
        except Exception as error:
            self._failure = error
            self._notify()

    def _notify(self) -> None:
        with self._progressed:
            self._progressed.notify_all()
