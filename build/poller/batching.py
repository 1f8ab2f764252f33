"""Gathering records into batches."""

import math
from collections import deque

from build.poller.records import EVENT_END, EVENT_START, SEPARATOR, StreamRecord

MAXIMUM_PAYLOAD = 6 * 1024 * 1024
EMPTY_PAYLOAD = len(EVENT_START + EVENT_END)


def payload_share(record: StreamRecord) -> int:
    """The bytes that a record adds to a payload."""
    return len(record.json) + len(SEPARATOR)


class BatchingWindow:
    """Records that wait for a batch (LDG with-ddb, "Polling and batching streams").

    A batch is due when it is full, when the window has passed since its first record was read, or when the payload
    reaches 6 MB.

    Args:
        batch_size: records in a batch at most.
        seconds: the window; with 0 records are due at once.
    """

    def __init__(self, batch_size: int, seconds: float) -> None:
        self._batch_size = batch_size
        self._seconds = seconds
        self._waiting: deque[StreamRecord] = deque()
        self._bytes = EMPTY_PAYLOAD

    def add(self, record: StreamRecord) -> None:
        """Put a record behind the others."""
        self._waiting.append(record)
        self._bytes += payload_share(record)

    @property
    def full(self) -> bool:
        """Whether a batch need not wait for more records."""
        return len(self._waiting) >= self._batch_size or self._bytes >= MAXIMUM_PAYLOAD

    def due_at(self) -> float:
        """When the next batch is due, in seconds since 1970; infinite when nothing waits."""
        if not self._waiting:
            return math.inf
        return self._waiting[0].polled_at + (0 if self.full else self._seconds)

    def take(self) -> tuple[StreamRecord, ...]:
        """Remove the next batch: as many of the oldest records as batch size and payload allow, at least one."""
        batch = [self._remove()]
        room = MAXIMUM_PAYLOAD - EMPTY_PAYLOAD - payload_share(batch[0])
        while self._waiting and len(batch) < self._batch_size and payload_share(self._waiting[0]) <= room:
            batch.append(self._remove())
            room -= payload_share(batch[-1])
        return tuple(batch)

    def _remove(self) -> StreamRecord:
        record = self._waiting.popleft()
        self._bytes -= payload_share(record)
        return record
