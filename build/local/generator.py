"""Writes records to the local cloud for as long as somebody watches, at a rate that they set."""

import itertools
import time
from collections.abc import Mapping
from threading import Condition, Thread
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from stack.config import StreamSource

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RATES = (0, 1, 5, 20)
"""Records a second that may be chosen."""
_SECONDS_AFTER_A_FAILURE = 5


class RecordGenerator:
    """Writes records of every source in turn.

    Args:
        dynamodb: client of the local cloud.
        tables: the names of the sources' tables.
    """

    def __init__(self, dynamodb: "DynamoDBClient", tables: Mapping[StreamSource, str]) -> None:
        self._dynamodb = dynamodb
        self._tables = tables
        self._numbers = itertools.count(1)
        self._changed = Condition()
        self._rate = 0
        Thread(target=self._run, daemon=True).start()

    @property
    def rate(self) -> int:
        """Records a second."""
        return self._rate

    def set_rate(self, rate: int) -> None:
        """Write so many records a second from now on; one of `RATES`."""
        with self._changed:
            self._rate = rate
            self._changed.notify()

    def _run(self) -> None:
        """Write for as long as the process lives; a write that fails is left out."""
        for source, table in itertools.cycle(self._tables.items()):
            with self._changed:
                self._changed.wait_for(lambda: self._rate > 0)
                pause = 1 / self._rate
            number = next(self._numbers)
            _put(
                self._dynamodb,
                table,
                (source.id_attribute, f"{source.words[0].lower()}-{number:06d}"),
                (source.time_attribute, int(time.time() * 1000)),
            )
            time.sleep(pause)


def _put(dynamodb: "DynamoDBClient", table: str, identity: tuple[str, str], moment: tuple[str, int]) -> None:
    item = {identity[0]: {"S": identity[1]}, moment[0]: {"N": str(moment[1])}, "state": {"S": "new"}}
    try:
        dynamodb.put_item(TableName=table, Item=item)
    except (BotoCoreError, ClientError):
        time.sleep(_SECONDS_AFTER_A_FAILURE)
