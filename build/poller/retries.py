"""What becomes of a batch: done, split, tried again, or given up."""

from dataclasses import dataclass, replace

from build.poller.configuration import EventSourceMapping
from build.poller.invocation import Attempt, Response
from build.poller.records import StreamRecord

RECORD_AGE_EXCEEDED = "RecordAgeExceeded"
RETRY_ATTEMPTS_EXHAUSTED = "RetryAttemptsExhausted"
MAXIMUM_DOUBLINGS = 32


@dataclass(frozen=True)
class Backoff:
    """Waiting that doubles with every try; AWS documents that it is exponential, not how long it is.

    Args:
        base: seconds before the first retry.
        maximum: seconds before any retry at most.
    """

    base: float = 1.0
    maximum: float = 60.0

    def seconds(self, tries: int) -> float:
        """How long to wait after so many failed tries, 1 or more."""
        return min(self.maximum, self.base * 2.0 ** min(tries - 1, MAXIMUM_DOUBLINGS))


@dataclass(frozen=True)
class Batch:
    """Records that are sent to the function together.

    Args:
        records: in the order of their shard, of one lane.
        retries: how much of the retry quota is used up.
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
    """Records that are given up.

    Args:
        batch: the records and their last answer.
        condition: why, in the words of the on-failure record.
        deliveries: how often the destination refused them.
    """

    batch: Batch
    condition: str
    deliveries: int = 0


@dataclass(frozen=True)
class Continuation:
    """What a lane does next.

    Args:
        steps: batches to send and records to give up, in order.
        delay: seconds to wait before.
    """

    steps: tuple[Batch | Discard, ...] = ()
    delay: float = 0.0


@dataclass(frozen=True)
class RetryPolicy:
    """The error handling of a mapping (LDG services-dynamodb-errors).

    Args:
        mapping: its limits.
        backoff: how long to wait before a retry.
    """

    mapping: EventSourceMapping
    backoff: Backoff

    def after(self, batch: Batch, attempt: Attempt) -> Continuation:
        """What follows from an attempt.

        A try that did not reach the function costs nothing. What did not succeed is split if the mapping says so and
        it can be split, which costs nothing either; else it is retried while the quota lasts.
        """
        if not attempt.reached:
            return self._again(replace(batch, unreached=batch.unreached + 1))
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
        return self._again(replace(batch, retries=batch.retries + 1))

    def _again(self, batch: Batch) -> Continuation:
        return Continuation((batch,), self.backoff.seconds(batch.unreached or batch.retries))

    def without_expired(self, batch: Batch, now: float) -> tuple[Batch | Discard, ...]:
        """The steps for a batch that is about to be sent: records beyond the maximum age are given up first."""
        oldest = now - self.mapping.maximum_record_age
        fresh = (position for position, record in enumerate(batch.records) if record.created_at >= oldest)
        expired = next(fresh, len(batch.records))
        if not expired:
            return (batch,)
        first, *rest = batch.split(expired)
        return (Discard(first, RECORD_AGE_EXCEEDED), *rest)
