"""When a call that is made again and again is due."""

import math

from build.poller.retries import Backoff


class Schedule:
    """The next time for a repeated call: as its success asks for, or later and later while it fails.

    Args:
        backoff: how much later.
    """

    def __init__(self, backoff: Backoff) -> None:
        self.due_at = -math.inf
        self._backoff = backoff
        self._failures = 0

    def succeeded(self, now: float, interval: float) -> None:
        """Have the next call made after an interval in seconds."""
        self._failures = 0
        self.due_at = now + interval

    def failed(self, now: float) -> None:
        """Have it made after the backoff."""
        self._failures += 1
        self.due_at = now + self._backoff.seconds(self._failures)
