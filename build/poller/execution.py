"""Carrying out the steps of lanes: invoking the function, delivering to the on-failure destination."""

from dataclasses import replace
from functools import partial

from build.poller.destination import Destination, deliver
from build.poller.failure_record import FailureRecord
from build.poller.invocation import Attempt, attempt
from build.poller.lanes import Lane
from build.poller.progress import Progress
from build.poller.records import payload
from build.poller.retries import Batch, Continuation, Discard, RetryPolicy
from build.poller.surroundings import Surroundings
from build.poller.workers import Completion


class Execution:
    """Carries out the steps of one shard's lanes.

    The calls happen in the workers, all bookkeeping in the thread that runs their completions.

    Args:
        shard_id: the shard.
        policy: what becomes of batches.
        progress: of the shard.
        surroundings: function, destination, workers and counts.
    """

    def __init__(self, shard_id: str, policy: RetryPolicy, progress: Progress, surroundings: Surroundings) -> None:
        self._shard_id = shard_id
        self._policy = policy
        self._progress = progress
        self._surroundings = surroundings
        self._tally = surroundings.tally

    def start(self, lane: Lane, step: Batch | Discard) -> None:
        """Have a step carried out; its lane is told how it ended."""
        self._surroundings.workers.submit(partial(self._carry_out, lane, step))

    def _carry_out(self, lane: Lane, step: Batch | Discard) -> Completion:
        if isinstance(step, Batch):
            return self._invoke(lane, step)
        record = FailureRecord(self._surroundings.mapping, self._shard_id, step, self._surroundings.options.clock.now())
        if self._surroundings.destination is None:
            return partial(self._dropped, lane, record)
        return self._deliver(lane, record, self._surroundings.destination)

    def _invoke(self, lane: Lane, batch: Batch) -> Completion:
        report = self._surroundings.mapping.report_batch_item_failures
        ended = attempt(self._surroundings.function, payload(batch.records), batch.sequence_numbers, report)
        return partial(self._invoked, lane, batch, ended)

    def _invoked(self, lane: Lane, batch: Batch, ended: Attempt) -> None:
        failed = len(batch.records) - ended.succeeded
        self._tally.add(invoked=len(batch.records), failed_invoke=failed, processed=ended.succeeded)
        self._tally.note("invoking", ended.problem)
        self._progress.finish(batch.records[: ended.succeeded])
        self._resume(lane, self._policy.after(batch, ended))

    def _deliver(self, lane: Lane, record: FailureRecord, destination: Destination) -> Completion:
        problem = deliver(destination, record)
        return partial(self._refused, lane, record, problem) if problem else partial(self._delivered, lane, record)

    def _delivered(self, lane: Lane, record: FailureRecord) -> None:
        self._tally.note("delivering", None)
        self._tally.add(on_failure_destination_delivered=len(record.discard.batch.records))
        self._given_up(lane, record)

    def _refused(self, lane: Lane, record: FailureRecord, problem: str) -> None:
        self._tally.note("delivering", problem)
        again = replace(record.discard, deliveries=record.discard.deliveries + 1)
        if again.deliveries >= self._surroundings.options.delivery_attempts:
            self._dropped(lane, record)
        else:
            self._resume(lane, Continuation((again,), self._surroundings.options.backoff.seconds(again.deliveries)))

    def _dropped(self, lane: Lane, record: FailureRecord) -> None:
        self._tally.add(dropped=len(record.discard.batch.records))
        self._surroundings.options.on_dropped(record)
        self._given_up(lane, record)

    def _given_up(self, lane: Lane, record: FailureRecord) -> None:
        self._progress.finish(record.discard.batch.records)
        self._resume(lane, Continuation())

    def _resume(self, lane: Lane, continuation: Continuation) -> None:
        lane.resume(continuation, self._surroundings.options.clock.now())
