"""Processing one shard: records go from the reader past the filter into lanes, whose steps are carried out."""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from build.poller.batches import Backoff, Batch, Continuation, Lane, RetryPolicy, Step
from build.poller.context import Callback, MappingContext
from build.poller.destination import Destination, FailureRecord, deliver
from build.poller.invocation import Attempt, invoke_batch
from build.poller.shards import Page, ShardReader, StreamRecord, payload, stream_record

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef

READ_AHEAD = 10_000
"""Records of a shard that are read and not done; more are not read."""

_FIRST_PAUSE = 1 / 8
"""Of the poll interval; after it, a shard is read again whose records have just been read."""


class CallSchedule:
    """When a repeated call is due: after an interval when it succeeded, after a growing backoff while it fails."""

    def __init__(self, backoff: Backoff) -> None:
        self.due_at = -math.inf
        self._backoff = backoff
        self._failures = 0

    def succeeded(self, now: float, interval: float) -> None:
        """Schedule the next call after an interval in seconds."""
        self._failures = 0
        self.due_at = now + interval

    def failed(self, now: float) -> None:
        """Schedule it after the backoff."""
        self._failures += 1
        self.due_at = now + self._backoff.seconds(self._failures)


class ShardProgress:
    """Which records of a shard are done; the checkpoint only moves past a record when it and all before it are."""

    def __init__(self) -> None:
        self._order: deque[str] = deque()
        self._open: set[str] = set()
        self.checkpoint: str | None = None

    @property
    def pending(self) -> int:
        """Records that are read and not done."""
        return len(self._open)

    def begin(self, record: StreamRecord) -> None:
        """Note a record, in the order of the shard."""
        self._order.append(record.sequence_number)
        self._open.add(record.sequence_number)

    def finish(self, records: Iterable[StreamRecord]) -> None:
        """Note that records are processed, filtered out or discarded."""
        self._open.difference_update(record.sequence_number for record in records)
        while self._order and self._order[0] not in self._open:
            self.checkpoint = self._order.popleft()


class ShardConsumer:
    """One shard being processed; shares its context with the mapping's other shards."""

    def __init__(self, shard_id: str, reader: ShardReader, context: MappingContext) -> None:
        policy = RetryPolicy(context.mapping, context.options.backoff)
        self.shard_id = shard_id
        self.progress = ShardProgress()
        self._reader = reader
        self._context = context
        self._executor = _StepExecutor(shard_id, policy, self.progress, context)
        self._lanes = [Lane(policy) for _ in range(context.mapping.parallelization_factor)]
        self._reading = CallSchedule(context.options.backoff)
        self._pause = context.options.poll_interval
        self._empty_at = -math.inf

    @property
    def finished(self) -> bool:
        """Whether the shard is closed and every record of it done."""
        return self._reader.closed and not self.progress.pending

    @property
    def caught_up_at(self) -> float:
        """Everything that the shard held at this time, in seconds since 1970, is done; a closed one has children."""
        return -math.inf if self.progress.pending or self._reader.closed else self._empty_at

    def due_at(self) -> float:
        """When there is something to do, in seconds since 1970: at once if the shard is finished."""
        if self.finished:
            return -math.inf
        return min(self._next_read(), *(lane.due_at() for lane in self._lanes))

    def run_due(self, now: float) -> None:
        """Read if a read is due, and start the steps that are due in the lanes."""
        if now >= self._next_read():
            self._read(now)
        for lane in self._lanes:
            step = lane.start(now)
            if step:
                self._executor.start(lane, step)

    def _next_read(self) -> float:
        enough = all(lane.stocked for lane in self._lanes) or self.progress.pending >= READ_AHEAD
        return math.inf if enough or self._reader.closed else self._reading.due_at

    def _read(self, now: float) -> None:
        try:
            page = self._reader.read()
        except (BotoCoreError, ClientError) as error:
            self._reading.failed(now)
            self._context.recorder.set_problem("reading", str(error))
        else:
            self._reading.succeeded(now, self._pause_after(page))
            self._context.recorder.set_problem("reading", None)
            self._accept(page, now)

    def _pause_after(self, page: Page) -> float:
        """Seconds: none after records, then more and more up to the poll interval, since writes come in bursts."""
        interval = self._context.options.poll_interval
        if page.records:
            self._pause = interval * _FIRST_PAUSE
            return 0.0
        pause, self._pause = self._pause, min(2 * self._pause, interval)
        return pause

    def _accept(self, page: Page, now: float) -> None:
        self._context.recorder.count(polled=len(page.records))
        if page.at_end:
            self._empty_at = now
        for record in page.records:
            self._accept_record(record, now)

    def _accept_record(self, polled: "RecordTypeDef", now: float) -> None:
        record = stream_record(polled, self._context.mapping.stream_arn, now)
        self.progress.begin(record)
        if self._context.mapping.selects(polled.get("eventName")):
            self._lanes[record.lane_index(len(self._lanes))].add(record)
        else:
            self._context.recorder.count(filtered_out=1)
            self.progress.finish((record,))


class _StepExecutor:
    """Carries out the steps of one shard's lanes: invokes the function, delivers to the on-failure destination.

    The calls happen in the workers, all bookkeeping in the thread that runs their callbacks.
    """

    def __init__(self, shard_id: str, policy: RetryPolicy, progress: ShardProgress, context: MappingContext) -> None:
        self._shard_id = shard_id
        self._policy = policy
        self._progress = progress
        self._context = context
        self._recorder = context.recorder

    def start(self, lane: Lane, step: Step) -> None:
        """Have a step carried out; its lane resumes when the step has ended."""
        self._context.workers.submit(partial(self._carry_out, lane, step))

    def _carry_out(self, lane: Lane, step: Step) -> Callback:
        if isinstance(step, Batch):
            return self._invoke(lane, step)
        record = FailureRecord(self._context.mapping, self._shard_id, step, self._context.options.now())
        if self._context.destination is None:
            return partial(self._dropped, lane, record)
        return self._deliver(lane, record, self._context.destination)

    def _invoke(self, lane: Lane, batch: Batch) -> Callback:
        self._context.options.on_sent(self._context.mapping, batch)
        report = self._context.mapping.report_batch_item_failures
        attempt = invoke_batch(self._context.function, payload(batch.records), batch.sequence_numbers, report)
        return partial(self._invoked, lane, batch, attempt)

    def _invoked(self, lane: Lane, batch: Batch, attempt: Attempt) -> None:
        failed = len(batch.records) - attempt.succeeded
        self._recorder.count(invoked=len(batch.records), failed_invoke=failed, processed=attempt.succeeded)
        self._recorder.set_problem("invoking", attempt.problem)
        self._progress.finish(batch.records[: attempt.succeeded])
        self._resume(lane, self._policy.after(batch, attempt))

    def _deliver(self, lane: Lane, record: FailureRecord, destination: Destination) -> Callback:
        problem = deliver(destination, record)
        return partial(self._refused, lane, record, problem) if problem else partial(self._delivered, lane, record)

    def _delivered(self, lane: Lane, record: FailureRecord) -> None:
        self._recorder.set_problem("delivering", None)
        self._recorder.count(on_failure_destination_delivered=len(record.discard.batch.records))
        self._discarded(lane, record)

    def _refused(self, lane: Lane, record: FailureRecord, problem: str) -> None:
        self._recorder.set_problem("delivering", problem)
        self._recorder.count(destination_delivery_failures=1)
        discard = replace(record.discard, deliveries=record.discard.deliveries + 1)
        if discard.deliveries >= self._context.options.delivery_attempts:
            self._dropped(lane, record)
        else:
            self._resume(lane, Continuation((discard,), self._context.options.backoff.seconds(discard.deliveries)))

    def _dropped(self, lane: Lane, record: FailureRecord) -> None:
        self._recorder.count(dropped=len(record.discard.batch.records))
        self._context.options.on_dropped(record)
        self._discarded(lane, record)

    def _discarded(self, lane: Lane, record: FailureRecord) -> None:
        self._progress.finish(record.discard.batch.records)
        self._resume(lane, Continuation())

    def _resume(self, lane: Lane, continuation: Continuation) -> None:
        lane.resume(continuation, self._context.options.now())
