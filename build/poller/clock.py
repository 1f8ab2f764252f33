"""Time as the poller sees it, so that tests can run hours in no time."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Where the poller gets its time from.

    Args:
        now: seconds since 1970.
        sleep: waits for a number of seconds.
    """

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
