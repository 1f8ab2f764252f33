"""Records as an application would write them: users and orders that appear, change and go."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from stack.config import StreamSource

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, WriteRequestUnionTypeDef

    Item = dict[str, AttributeValueTypeDef]

CHANGED_EVERY = 3
REMOVED_EVERY = 5
REQUESTS_IN_A_BATCH = 25
FIRST_TIME = Decimal("1750000000000")


@dataclass(frozen=True)
class Written:
    """How many records were inserted, modified and removed."""

    inserted: int = 0
    modified: int = 0
    removed: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def recorded(self) -> int:
        """How many activities these writes lead to: removals lead to none."""
        return self.inserted + self.modified


@dataclass(frozen=True)
class Sample:
    """Records of one source; every third changes after it was written, every fifth is removed in the end.

    Args:
        source: the table to write to.
        count: how many records to insert.
    """

    source: StreamSource
    count: int
    changed: range = field(init=False)
    removed: range = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "changed", range(0, self.count, CHANGED_EVERY))
        object.__setattr__(self, "removed", range(0, self.count, REMOVED_EVERY))

    @property
    def written(self) -> Written:
        """What writing the sample amounts to."""
        return Written(self.count, len(self.changed), len(self.removed))

    def key(self, number: int) -> "Item":
        """The key of a record; times have fractions, as clocks finer than a millisecond give them."""
        time = FIRST_TIME + number + Decimal(number) / 1000
        return {
            self.source.id_attribute: {"S": f"{self.source.words[0].lower()}-{number:06d}"},
            self.source.time_attribute: {"N": str(time)},
        }

    def item(self, number: int, state: str) -> "Item":
        """A record in a state."""
        return {**self.key(number), "state": {"S": state}}


def put(item: "Item") -> "WriteRequestUnionTypeDef":
    """The request that inserts or replaces a record."""
    return {"PutRequest": {"Item": item}}


def requests(sample: Sample) -> Iterator[list["WriteRequestUnionTypeDef"]]:
    """The requests of each step; a step touches a record at most once."""
    yield [put(sample.item(number, "new")) for number in range(sample.count)]
    yield [put(sample.item(number, "changed")) for number in sample.changed]
    yield [{"DeleteRequest": {"Key": sample.key(number)}} for number in sample.removed]


def batches(step: Iterable["WriteRequestUnionTypeDef"]) -> Iterator[list["WriteRequestUnionTypeDef"]]:
    """The requests in the numbers that one call takes."""
    remaining = iter(step)
    while batch := list(islice(remaining, REQUESTS_IN_A_BATCH)):
        yield batch


def write_sample(dynamodb: "DynamoDBClient", table: str, sample: Sample) -> Written:
    """Write a sample to its table and say what was written."""
    for step in requests(sample):
        for batch in batches(step):
            write_batch(dynamodb, {table: batch})
    return sample.written


def write_batch(dynamodb: "DynamoDBClient", pending: "Mapping[str, Sequence[WriteRequestUnionTypeDef]]") -> None:
    """Write until nothing is left unprocessed."""
    while pending:
        pending = dynamodb.batch_write_item(RequestItems=pending)["UnprocessedItems"]
