"""Changes of a source's table, as its stream has them."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from stack.config import StreamSource
from tests.sources import ORDERS, USERS

FIRST_SEQUENCE_NUMBERS = {USERS: 10**20, ORDERS: 2 * 10**20}
FIRST_TIME, MANY_DIGITS = 1_750_000_000_000, "12345678901234567890123"
RECORDED = ("INSERT", "MODIFY")
Record = dict[str, Any]
Damage = Callable[[Record], Any]


@dataclass(frozen=True)
class Change:
    """A record of a stream.

    Args:
        source: the table that was changed.
        record: as GetRecords answers it.
        sound: whether it is what the table's own application writes, so that an activity can be made of it.
    """

    source: StreamSource
    record: Record
    sound: bool = True

    @property
    def sequence_number(self) -> str:
        """Its place in the shard."""
        number: str = self.record["dynamodb"]["SequenceNumber"]
        return number

    @property
    def counts(self) -> bool:
        """Whether it has to become an activity or a failed event, as all do that are no removals."""
        return not self.sound or self.record["eventName"] in RECORDED

    @property
    def event(self) -> Record:
        """As Lambda hands it to a function, apart from the stream's name."""
        created_at = int(self.record["dynamodb"]["ApproximateCreationDateTime"].timestamp())
        return {**self.record, "dynamodb": {**self.record["dynamodb"], "ApproximateCreationDateTime": created_at}}

    def damaged(self, damage: Damage) -> "Change":
        """The same change after somebody meddled with it."""
        return replace(self, record=damage(deepcopy(self.record)), sound=False)


def change(
    source: StreamSource, number: int, item: int, created_at: float, event_name: str = "INSERT", state: str = "new"
) -> Change:
    """A change of an item.

    Args:
        source: the changed table.
        number: tells this change from all others and says its place in the stream.
        item: the item that is changed; times have more digits than a floating-point number holds.
        created_at: when, in seconds since 1970.
        event_name: INSERT, MODIFY or REMOVE.
        state: an attribute of the new image.
    """
    keys = {
        source.id_attribute: {"S": f"item-{item}"},
        source.time_attribute: {"N": f"{FIRST_TIME + item}.{MANY_DIGITS}"},
    }
    image = {**keys, "state": {"S": state}, "note": {"NULL": True}}
    return Change(
        source,
        {
            "eventID": f"event-{source.name}-{number}",
            "eventName": event_name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-west-2",
            "dynamodb": {
                "ApproximateCreationDateTime": datetime.fromtimestamp(int(created_at), UTC),
                "Keys": keys,
                **({"OldImage": image} if event_name == "REMOVE" else {"NewImage": image}),
                "SequenceNumber": str(FIRST_SEQUENCE_NUMBERS[source] + number),
                "SizeBytes": 100,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        },
    )
