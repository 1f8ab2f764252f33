"""A batch of stream records: its activities are written together, and failures are reported by record."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.utilities.batch import BasePartialBatchProcessor, EventType

from handlers.activities import RecordError, value_at
from handlers.batch_writer import FailedWrite
from handlers.keys import Item, Key, key_of


class _WriteError(Exception):
    """An activity that was not written; the message is an error code."""


@dataclass(frozen=True)
class FailedRecord:
    """A record to deliver again, None for one that does not say its sequence number, and why."""

    sequence_number: str | None
    reason: str


@dataclass(frozen=True)
class BatchReport:
    """The result of a batch: how many records it had, activities written, removals ignored, and what failed."""

    records: int
    written: int
    ignored: int
    failed: tuple[FailedRecord, ...]


class ActivityBatch(BasePartialBatchProcessor):
    """Collects the items that its record handler makes, None for a record to ignore, and writes them once.

    An instance serves one batch, so that nothing of one invocation is left for the next.

    Args:
        write: takes items of different keys, and returns those that it could not write.
    """

    def __init__(self, write: Callable[[Sequence[Item]], list[FailedWrite]]) -> None:
        super().__init__(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
        self._write = write
        self._made: list[tuple[Item, object]] = []
        self._items: list[Item] = []
        self._unwritten: list[FailedWrite] = []
        self._failed: list[FailedRecord] = []

    def process(self) -> list[tuple[Any, ...]]:
        """Collect the activities of every record, then write them."""
        results = super().process()
        self._items = list({(item["dataType"]["S"], item["processedAt"]["N"]): item for item, _ in self._made}.values())
        self._unwritten = self._write(self._items)
        if self._unwritten:
            self._fail({key_of(unwritten.item): unwritten.reason for unwritten in self._unwritten})
        return results

    def report(self) -> BatchReport:
        """The result, once the batch is processed."""
        return BatchReport(
            records=len(self.records),
            written=len(self._items) - len(self._unwritten),
            ignored=len(self.success_messages) - len(self._made),
            failed=tuple(self._failed),
        )

    def failure_handler(self, record: Any, exception: Any) -> Any:
        """Note that a record failed, with what was raised as `sys.exc_info` says it."""
        self._failed.append(FailedRecord(_sequence_number(record), _reason(exception[1])))
        return super().failure_handler(record, exception)

    def _process_record(self, record: Any) -> Any:
        try:
            item = self.handler(record)
        except Exception:
            return self.failure_handler(record, sys.exc_info())
        if item is not None:
            self._made.append((item, record))
        return self.success_handler(record, item)

    def _fail(self, reasons: Mapping[Key, str]) -> None:
        for item, record in self._made:
            if (key := key_of(item)) in reasons:
                self.failure_handler(record, (_WriteError, _WriteError(reasons[key]), None))

    async def _async_process_record(self, record: Any) -> Any:
        return self._process_record(record)

    def _collect_dynamodb_failures(self) -> list[dict[str, str | None]]:
        return [{"itemIdentifier": _sequence_number(record)} for record in self.fail_messages]


def _sequence_number(record: object) -> str | None:
    """The number to report a record by; None makes Lambda deliver the whole batch again.

    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    try:
        number = value_at(record, "dynamodb", "SequenceNumber")
    except RecordError:
        return None
    return number if isinstance(number, str) else None


def _reason(error: BaseException | None) -> str:
    """Why a record failed, in words that contain nothing of the record."""
    return str(error) if isinstance(error, (RecordError, _WriteError)) else type(error).__name__
