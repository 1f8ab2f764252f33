"""Writes records to the local cloud at a rate that the page sets."""

import itertools
import time
from threading import Condition, Thread
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from build.console.target import Target

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RATES = (0, 1, 5, 20)
"""Records a second that the page offers."""
_SECONDS_AFTER_A_FAILURE = 5


class RecordGenerator:
    """Writes records of every source in turn.

    Args:
        target: whose tables are written to.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
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
        """Write for as long as the process lives; a write that fails is left out, the page says why reading fails."""
        for source in itertools.cycle(self._target.config.sources):
            with self._changed:
                self._changed.wait_for(lambda: self._rate > 0)
                pause = 1 / self._rate
            number = next(self._numbers)
            _put(
                self._target.clients.dynamodb,
                self._target.stack.outputs[f"{source.name}TableName"],
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
