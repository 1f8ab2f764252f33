"""A batch of stream records: its activities are written together, and failures are reported by record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from handlers.activities import RecordError, value_at
from handlers.batch_writer import FailedWrite
from handlers.keys import Item, key_of

_MadeItems: TypeAlias = list[tuple[Item, object]]


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

    @property
    def response(self) -> dict[str, list[dict[str, str | None]]]:
        """The function's answer: Lambda delivers from the first failed record on again, None means the whole batch.

        https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
        """
        return {"batchItemFailures": [{"itemIdentifier": failure.sequence_number} for failure in self.failed]}


def records_of(event: object) -> list[Any]:
    """The records of an event, which may be none.

    Raises:
        ValueError: when it has no list of them, as every event of a stream does.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list):
        raise ValueError("the event has no list of `Records`, so it is none of DynamoDBStreams.")
    return records


def process_batch(
    records: Sequence[Any],
    make: Callable[[Any], Item | None],
    write: Callable[[Sequence[Item]], list[FailedWrite]],
) -> BatchReport:
    """Make the activities of all records, then write them.

    Powertools' processor does as much for any source of events, and imports what it knows of all of them, which took a
    tenth of a cold start.

    Args:
        records: of the event, whatever they are.
        make: the item of a record, None for a record to ignore; what it raises fails that record alone.
        write: takes items of different keys, and returns those that it could not write.
    """
    made, ignored, failed = _make_items(records, make)
    items = list({(item["dataType"]["S"], item["processedAt"]["N"]): item for item, _ in made}.values())
    unwritten = write(items)
    return BatchReport(
        records=len(records),
        written=len(items) - len(unwritten),
        ignored=ignored,
        failed=(*failed, *_failures_to_write(made, unwritten)),
    )


def _make_items(
    records: Sequence[Any], make: Callable[[Any], Item | None]
) -> tuple[_MadeItems, int, list[FailedRecord]]:
    """Items with the record of each, how many records are ignored, and those that no item can be made of."""
    made: _MadeItems = []
    failed: list[FailedRecord] = []
    for record in records:
        try:
            item = make(record)
        except Exception as error:
            failed.append(FailedRecord(_sequence_number(record), _reason(error)))
        else:
            if item is not None:
                made.append((item, record))
    return made, len(records) - len(made) - len(failed), failed


def _failures_to_write(made: _MadeItems, unwritten: Sequence[FailedWrite]) -> list[FailedRecord]:
    """Every record whose item was not written, those that came twice included."""
    if not unwritten:
        return []
    reasons: Mapping[Any, str] = {key_of(failure.item): failure.reason for failure in unwritten}
    return [
        FailedRecord(_sequence_number(record), reasons[key])
        for item, record in made
        if (key := key_of(item)) in reasons
    ]


def _sequence_number(record: object) -> str | None:
    """The number to report a record by, if it has one."""
    try:
        number = value_at(record, "dynamodb", "SequenceNumber")
    except RecordError:
        return None
    return number if isinstance(number, str) else None


def _reason(error: Exception) -> str:
    """Why a record failed, in words that contain nothing of the record."""
    return str(error) if isinstance(error, RecordError) else type(error).__name__
