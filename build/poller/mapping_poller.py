"""Processing the stream of one mapping, one step at a time."""

import math
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from build.poller.configuration import EventSourceMapping
from build.poller.consumer import ShardConsumer
from build.poller.lineage import Lineage
from build.poller.options import Options
from build.poller.progress import Progress
from build.poller.schedule import Schedule
from build.poller.services import Services
from build.poller.statistics import Statistics
from build.poller.surroundings import Surroundings
from build.poller.workers import Workers

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient


class MappingPoller:
    """What Lambda does for one mapping; only one thread may call `step`.

    Args:
        streams: client for the streams' API.
        surroundings: mapping, function, destination and workers.
    """

    def __init__(self, streams: "DynamoDBStreamsClient", surroundings: Surroundings) -> None:
        mapping, options = surroundings.mapping, surroundings.options
        self._surroundings = surroundings
        self._clock = options.clock
        self._lineage = Lineage(streams, mapping.stream_arn, mapping.starting_position)
        self._listing = Schedule(options.backoff)
        self._listed_at = -math.inf
        self._consumers: list[ShardConsumer] = []
        self._progress: dict[str, Progress] = {}

    @property
    def uuid(self) -> str:
        """The mapping's id."""
        return self._surroundings.mapping.uuid

    @property
    def statistics(self) -> Statistics:
        """What was done until the last step; any thread may ask."""
        return self._surroundings.tally.statistics

    def step(self) -> float:
        """Do everything that is due.

        Returns:
            Seconds until something else is, unless the workers end a task before; infinite when nothing will be.
        """
        for complete in self._surroundings.workers.completions():
            complete()
        now = self._clock.now()
        self._finish_shards()
        self._start_shards(now)
        for consumer in self._consumers:
            consumer.step(now)
        self._surroundings.tally.place(self._checkpoints(), self._caught_up_at())
        return max(0.0, self._due_at() - self._clock.now())

    def _finish_shards(self) -> None:
        for consumer in self._consumers:
            if consumer.finished:
                self._lineage.finish(consumer.shard_id)
        self._consumers = [consumer for consumer in self._consumers if not consumer.finished]

    def _start_shards(self, now: float) -> None:
        if now >= self._next_listing():
            self._list_shards(now)
        for shard_id, reader in self._lineage.readers():
            consumer = ShardConsumer(shard_id, reader, self._surroundings)
            self._consumers.append(consumer)
            self._progress[shard_id] = consumer.progress

    def _list_shards(self, now: float) -> None:
        try:
            self._lineage.refresh()
        except (BotoCoreError, ClientError) as error:
            self._listing.failed(now)
            self._surroundings.tally.note("listing", str(error))
        else:
            self._listing.succeeded(now, self._surroundings.options.poll_interval)
            self._surroundings.tally.note("listing", None)
            self._listed_at = now

    def _next_listing(self) -> float:
        return math.inf if self._lineage.complete else self._listing.due_at

    def _due_at(self) -> float:
        return min((self._next_listing(), *(consumer.due_at() for consumer in self._consumers)))

    def _caught_up_at(self) -> float:
        if self._lineage.ended:
            return math.inf
        listed = math.inf if self._lineage.complete else self._listed_at
        return min([listed, *(consumer.caught_up_at for consumer in self._consumers)])

    def _checkpoints(self) -> dict[str, str]:
        return {shard: progress.checkpoint for shard, progress in self._progress.items() if progress.checkpoint}


def mapping_poller(
    mapping: EventSourceMapping, services: Services, workers: Workers, options: Options
) -> MappingPoller:
    """A poller for one mapping.

    Args:
        mapping: what to poll.
        services: what to talk to.
        workers: who carries out the calls.
        options: pace, time and listener.

    Raises:
        CommandError: the mapping's on-failure destination is of a kind that it cannot have.
    """
    function, destination = services.function(mapping), services.destination(mapping)
    return MappingPoller(services.streams, Surroundings(mapping, function, destination, workers, options))
