"""The shards of a stream, and when each may be read: a child only after its parent is processed."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from build.poller.shards import OLDEST, ShardReader, error_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_dynamodbstreams.type_defs import ShardTypeDef, StreamDescriptionTypeDef

GONE: "StreamDescriptionTypeDef" = {"StreamStatus": "DISABLED"}


class Lineage:
    """The shards of one stream, as far as they are known.

    Args:
        client: for the streams' API.
        stream_arn: the stream.
        starting_position: TRIM_HORIZON, or LATEST to leave out what the stream holds already.
    """

    def __init__(self, client: "DynamoDBStreamsClient", stream_arn: str, starting_position: str) -> None:
        self._client = client
        self._stream_arn = stream_arn
        self._starting_position = starting_position
        self._parents: dict[str, str | None] = {}
        self._positions: dict[str, str] = {}
        self._started: set[str] = set()
        self._finished: set[str] = set()
        self._ended = False

    @property
    def complete(self) -> bool:
        """Whether no further shard can appear before one that is known is finished."""
        childless = self._finished.difference(filter(None, self._parents.values()))
        return self._ended or (bool(self._parents) and not childless)

    @property
    def ended(self) -> bool:
        """Whether the stream is disabled or gone, and everything in it processed."""
        return self._ended and self._finished.issuperset(self._parents)

    def refresh(self) -> None:
        """Look for new shards.

        Raises:
            ClientError, BotoCoreError: looking may work later.
        """
        pages = self._describe()
        shards = [shard for page in pages for shard in page.get("Shards", ())]
        self._ended = pages[-1].get("StreamStatus") == "DISABLED"
        for shard in shards:
            if shard["ShardId"] not in self._parents:
                self._add(shard)
        if shards:
            self._starting_position = OLDEST

    def readers(self) -> list[tuple[str, ShardReader]]:
        """The shards that can be read from now on, each given out once, with their ids."""
        ready = [shard_id for shard_id, parent in self._parents.items() if self._may_start(shard_id, parent)]
        self._started.update(ready)
        return [(shard_id, self._reader(shard_id)) for shard_id in ready]

    def finish(self, shard_id: str) -> None:
        """Note that everything in a closed shard is processed."""
        self._finished.add(shard_id)

    def _describe(self) -> "list[StreamDescriptionTypeDef]":
        pages: "list[StreamDescriptionTypeDef]" = []
        last: dict[str, Any] = {}
        while not pages or last:
            pages.append(self._describe_page(last))
            last_shard = pages[-1].get("LastEvaluatedShardId")
            last = {"ExclusiveStartShardId": last_shard} if last_shard else {}
        return pages

    def _describe_page(self, last: dict[str, Any]) -> "StreamDescriptionTypeDef":
        try:
            return self._client.describe_stream(StreamArn=self._stream_arn, **last)["StreamDescription"]
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            return GONE

    def _add(self, shard: "ShardTypeDef") -> None:
        shard_id = shard["ShardId"]
        self._parents[shard_id] = shard.get("ParentShardId")
        self._positions[shard_id] = self._starting_position
        if self._starting_position != OLDEST and "EndingSequenceNumber" in shard.get("SequenceNumberRange", {}):
            self._started.add(shard_id)
            self._finished.add(shard_id)

    def _may_start(self, shard_id: str, parent: str | None) -> bool:
        return shard_id not in self._started and (parent not in self._parents or parent in self._finished)

    def _reader(self, shard_id: str) -> ShardReader:
        return ShardReader(self._client, self._stream_arn, shard_id, self._positions[shard_id])
