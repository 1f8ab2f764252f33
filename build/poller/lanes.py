"""A lane: records of one shard whose order is kept, processed one batch at a time."""

import math
from collections import deque

from build.poller.batching import BatchingWindow
from build.poller.records import StreamRecord
from build.poller.retries import Batch, Continuation, Discard, RetryPolicy


class Lane:
    """One of the batches of a shard that are processed at once (ParallelizationFactor).

    A batch that fails holds up the records behind it, and only those.

    Args:
        policy: what becomes of batches.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._window = BatchingWindow(policy.mapping.batch_size, policy.mapping.batching_window)
        self._steps: deque[Batch | Discard] = deque()
        self._not_before = -math.inf
        self._busy = False

    @property
    def stocked(self) -> bool:
        """Whether the next batch is complete, so that reading more is not urgent."""
        return self._window.full

    def add(self, record: StreamRecord) -> None:
        """Put a record behind all others."""
        self._window.add(record)

    def due_at(self) -> float:
        """When there is something to do, in seconds since 1970; infinite while a step is under way or nothing waits."""
        if self._busy:
            return math.inf
        return self._not_before if self._steps else self._window.due_at()

    def start(self, now: float) -> Batch | Discard | None:
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
            continuation: what to do instead of the step that ended.
            now: seconds since 1970.
        """
        self._busy = False
        self._steps.extendleft(reversed(continuation.steps))
        self._not_before = now + continuation.delay
