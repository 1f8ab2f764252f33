"""Batches: how records are gathered into them, what becomes of them, and how one lane keeps its records in order."""

import math
from collections import deque
from dataclasses import dataclass, replace

from build.poller.invocation import Attempt, Response
from build.poller.mapping import EventSourceMapping
from build.poller.shards import EMPTY_PAYLOAD_SIZE, StreamRecord

MAXIMUM_PAYLOAD = 6 * 1024 * 1024
"""Bytes of an event (LDG with-ddb, "Polling and batching streams")."""

RECORD_AGE_EXCEEDED = "RecordAgeExceeded"
RETRY_ATTEMPTS_EXHAUSTED = "RetryAttemptsExhausted"

_MAXIMUM_DOUBLINGS = 32


@dataclass(frozen=True)
class Backoff:
    """A delay that doubles with every try; AWS documents that it is exponential, but not how long it is.

    Args:
        base: seconds before the first retry.
        maximum: the longest delay, in seconds.
    """

    base: float = 1.0
    maximum: float = 60.0

    def seconds(self, tries: int) -> float:
        """The delay after so many failed tries, 1 or more."""
        return min(self.maximum, self.base * 2.0 ** min(tries - 1, _MAXIMUM_DOUBLINGS))


@dataclass(frozen=True)
class Batch:
    """Records that are sent to the function together.

    Args:
        records: in the order of their shard, of one lane.
        retries: how many of the allowed retries are used up.
        unreached: tries in a row that did not reach the function.
        invocations: how often the function ran with these records.
        response: its last answer.
    """

    records: tuple[StreamRecord, ...]
    retries: int = 0
    unreached: int = 0
    invocations: int = 0
    response: Response | None = None

    @property
    def sequence_numbers(self) -> tuple[str, ...]:
        """The records' sequence numbers, in order."""
        return tuple(record.sequence_number for record in self.records)

    def split(self, position: int) -> tuple["Batch", ...]:
        """The parts before and from a position on, without empty ones; each keeps the batch's history."""
        parts = (self.records[:position], self.records[position:])
        return tuple(replace(self, records=part) for part in parts if part)


@dataclass(frozen=True)
class Discard:
    """Records that are not tried again: they go to the on-failure destination.

    Args:
        batch: the records and their last answer.
        condition: why, in the words of the failure record.
        deliveries: how often the destination refused them.
    """

    batch: Batch
    condition: str
    deliveries: int = 0


Step = Batch | Discard
"""What a lane does next: send a batch, or discard records."""


@dataclass(frozen=True)
class Continuation:
    """What a lane does next.

    Args:
        steps: in order.
        delay: seconds to wait before the first.
    """

    steps: tuple[Step, ...] = ()
    delay: float = 0.0


@dataclass(frozen=True)
class RetryPolicy:
    """The error handling of a mapping (LDG services-dynamodb-errors).

    Args:
        mapping: its limits.
        backoff: the delay before a retry.
    """

    mapping: EventSourceMapping
    backoff: Backoff

    def after(self, batch: Batch, attempt: Attempt) -> Continuation:
        """What follows from an attempt.

        A try that did not reach the function uses up no retry. What did not succeed is split if the mapping says so
        and there is more than one record, which uses up none either; else it is retried as often as is allowed.
        """
        if not attempt.reached:
            return self._try_again(replace(batch, unreached=batch.unreached + 1))
        tried = replace(batch, unreached=0, invocations=batch.invocations + 1, response=attempt.response)
        done = attempt.succeeded
        remainder = replace(tried, records=batch.records[done:])
        if not remainder.records:
            return Continuation()
        if self.mapping.bisect_batch_on_function_error and len(batch.records) > 1:
            return Continuation(remainder.split(0 if done else len(batch.records) // 2))
        return self._retry(remainder)

    def _retry(self, batch: Batch) -> Continuation:
        if batch.retries >= self.mapping.maximum_retry_attempts:
            return Continuation((Discard(batch, RETRY_ATTEMPTS_EXHAUSTED),))
        return self._try_again(replace(batch, retries=batch.retries + 1))

    def _try_again(self, batch: Batch) -> Continuation:
        return Continuation((batch,), self.backoff.seconds(batch.unreached or batch.retries))

    def without_expired(self, batch: Batch, now: float) -> tuple[Step, ...]:
        """The steps for a batch that is about to be sent: records beyond the maximum age are discarded first."""
        oldest = now - self.mapping.maximum_record_age
        fresh = (position for position, record in enumerate(batch.records) if record.created_at >= oldest)
        expired = next(fresh, len(batch.records))
        if not expired:
            return (batch,)
        first, *rest = batch.split(expired)
        return (Discard(first, RECORD_AGE_EXCEEDED), *rest)


class BatchingWindow:
    """Records that wait to become a batch (LDG with-ddb, "Polling and batching streams").

    A batch is due when it is full, when the window has passed since its first record was read, or when the payload
    reaches 6 MB.

    Args:
        batch_size: records in a batch at most.
        seconds: length of the window; with 0, records are due at once.
    """

    def __init__(self, batch_size: int, seconds: float) -> None:
        self._batch_size = batch_size
        self._seconds = seconds
        self._waiting: deque[StreamRecord] = deque()
        self._bytes = EMPTY_PAYLOAD_SIZE

    def add(self, record: StreamRecord) -> None:
        """Append a record."""
        self._waiting.append(record)
        self._bytes += record.size

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
        room = MAXIMUM_PAYLOAD - EMPTY_PAYLOAD_SIZE - batch[0].size
        while self._waiting and len(batch) < self._batch_size and self._waiting[0].size <= room:
            batch.append(self._remove())
            room -= batch[-1].size
        return tuple(batch)

    def _remove(self) -> StreamRecord:
        record = self._waiting.popleft()
        self._bytes -= record.size
        return record


class Lane:
    """One of the batches of a shard that are processed at once (ParallelizationFactor).

    A batch that fails blocks the records behind it, and only those.

    Args:
        policy: what becomes of batches.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._window = BatchingWindow(policy.mapping.batch_size, policy.mapping.batching_window)
        self._steps: deque[Step] = deque()
        self._not_before = -math.inf
        self._busy = False

    @property
    def stocked(self) -> bool:
        """Whether the next batch is complete, so that reading more is not urgent."""
        return self._window.full

    def add(self, record: StreamRecord) -> None:
        """Append a record."""
        self._window.add(record)

    def due_at(self) -> float:
        """When there is something to do, in seconds since 1970; infinite while a step is under way or nothing waits."""
        if self._busy:
            return math.inf
        return self._not_before if self._steps else self._window.due_at()

    def start(self, now: float) -> Step | None:
        """The step to take now, if one is due; the lane waits until `resume` says how it ended."""
        if now < self.due_at():
            return None
        self._busy = True
        head = self._steps.popleft() if self._steps else Batch(self._window.take())
        if isinstance(head, Batch):
            head, *rest = self._policy.without_expired(head, now)
            self._steps.extendleft(reversed(rest))
        return head

    def resume(self, continuation: Continuation, now: float) -> None:
        """Go on after a step.

        Args:
            continuation: what replaces the step that ended.
            now: seconds since 1970.
        """
        self._busy = False
        self._steps.extendleft(reversed(continuation.steps))
        self._not_before = now + continuation.delay
