"""How often the console may ask AWS, and what it may not do there at all."""

from collections import deque
from collections.abc import Callable, Collection
from threading import Lock
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from build.errors import CommandError

if TYPE_CHECKING:
    import boto3
    from botocore.model import OperationModel

MOST_READS_A_MINUTE = 30
STARTING_EXECUTIONS = frozenset({"StartExecution"})
REDRIVING = frozenset({"DeleteObject", "Invoke", "StartExecution"})
_MINUTE = 60.0
_READING = ("Describe", "Filter", "Get", "List", "Query")
"""How the names of the operations begin that change nothing."""


class RefusedWrite(CommandError):
    """An operation that changes something, where the console was not allowed to."""


class ReadPace:
    """Lets only so many requests begin in any minute; what is one too many waits for its turn.

    Args:
        most: requests in a minute.
        clock: seconds that only grow.
        pause: waits for some seconds.
    """

    def __init__(
        self,
        most: int = MOST_READS_A_MINUTE,
        clock: Callable[[], float] = monotonic,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._clock = clock
        self._pause = pause
        self._begun: deque[float] = deque(maxlen=most)
        self._lock = Lock()

    def wait(self, **_: Any) -> None:
        """Return as soon as one more request may begin; a handler of botocore's event `before-send`."""
        with self._lock:
            if len(self._begun) == self._begun.maxlen:
                self._pause(max(0.0, self._begun[0] + _MINUTE - self._clock()))
            self._begun.append(self._clock())


def is_read(operation: str) -> bool:
    """Whether an operation, `GetItem`, changes nothing."""
    return operation.startswith(_READING)


def refuse_writes(session: "boto3.Session", but: Collection[str]) -> None:
    """Have the clients that a session makes from now on refuse what changes something, before anything is sent.

    Args:
        session: makes the clients.
        but: operations that are allowed all the same.
    """

    def refuse(model: "OperationModel", **_: Any) -> None:
        if not is_read(model.name) and model.name not in but:
            raise RefusedWrite(
                f"the console only reads here and did not call {model.name}; "
                "start it with --allow-execute or --allow-redrive if it is meant."
            )

    session.events.register_first("before-call", refuse)


def keep_pace(session: "boto3.Session", pace: ReadPace) -> None:
    """Have every request of the clients that a session makes from now on, retries included, wait for its turn."""
    session.events.register("before-send", pace.wait)
