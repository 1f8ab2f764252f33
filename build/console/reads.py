"""What the console may ask of AWS and how often, and that it changes nothing there that was not allowed."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from build.errors import CommandError

if TYPE_CHECKING:
    import boto3
    from botocore.model import OperationModel

READS: Mapping[str, tuple[str, ...]] = {
    "CloudFormation": ("DescribeStacks", "GetTemplate", "ListStackResources"),
    "CloudWatch": ("DescribeAlarmHistory", "DescribeAlarms", "GetDashboard", "GetMetricData"),
    "DynamoDB": ("BatchGetItem", "DescribeStream", "GetRecords", "GetShardIterator", "ListStreams", "Query"),
    "IAM": ("ListAccountAliases",),
    "Lambda": ("GetFunctionConfiguration",),
    "Logs": ("FilterLogEvents",),
    "S3": ("GetObject", "ListObjectsV2"),
    "SQS": ("GetQueueAttributes",),
    "Step Functions": ("DescribeExecution", "GetExecutionHistory", "ListExecutions"),
    "STS": ("GetCallerIdentity",),
}
"""All that the console asks, by service; it is printed, and everything else is refused."""
STARTING_EXECUTIONS = frozenset({"StartExecution"})
REDRIVING = frozenset({"DeleteObject", "Invoke", "StartExecution"})
MOST_READS_A_MINUTE = 30
_ON_DEMAND_A_MINUTE = 24
_IN_BACKGROUND_A_MINUTE = 10
"""Six make a refresh, and eleven one with the logs; the other twenty, which a trace takes, are there for who asks."""
_MINUTE = 60.0
_READS = frozenset(operation for operations in READS.values() for operation in operations)
_ON_DEMAND = ContextVar("on_demand", default=False)


class RefusedWrite(CommandError):
    """An operation that changes something, where the console was not allowed to."""


class ReadPace:
    """Lets only so many requests begin in any minute; what is one too many waits for its turn.

    Args:
        most: requests in a minute.
        clock: seconds that only grow.
        pause: waits for some seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float], pause: Callable[[float], object]) -> None:
        self._clock = clock
        self._pause = pause
        self._begun: deque[float] = deque(maxlen=most)
        self._lock = Lock()

    def wait(self) -> None:
        """Return as soon as one more request may begin."""
        with self._lock:
            if len(self._begun) == self._begun.maxlen:
                self._pause(max(0.0, self._begun[0] + _MINUTE - self._clock()))
            self._begun.append(self._clock())


class ReadBudget:
    """Divides the requests of a minute: what somebody asked for does not wait for what the page refreshes by itself.

    Neither may use all, so that a long trace does not stop the page, nor the page a trace.

    Args:
        clock: seconds that only grow.
        pause: waits for some seconds; without it `end` cuts it short.
    """

    def __init__(self, clock: Callable[[], float] = monotonic, pause: Callable[[float], object] | None = None) -> None:
        self._ended = Event()
        pause = pause or self._ended.wait
        self._all = ReadPace(MOST_READS_A_MINUTE, clock, pause)
        self._on_demand = ReadPace(_ON_DEMAND_A_MINUTE, clock, pause)
        self._in_background = ReadPace(_IN_BACKGROUND_A_MINUTE, clock, pause)

    def wait(self, **_: Any) -> None:
        """Return as soon as one more request may begin; a handler of botocore's event `before-send`.

        Raises:
            CommandError: after the end.
        """
        share = self._on_demand if _ON_DEMAND.get() else self._in_background
        share.wait()
        self._all.wait()
        if self._ended.is_set():
            raise CommandError("the console has ended; start it again to go on.")

    def end(self) -> None:
        """Have what waits give up, and everything that comes after it."""
        self._ended.set()


@contextmanager
def on_demand() -> Iterator[None]:
    """Somebody waits for what is read in the block, and in the threads that copy its context."""
    before = _ON_DEMAND.set(True)
    try:
        yield
    finally:
        _ON_DEMAND.reset(before)


def refuse_writes(session: "boto3.Session", but: Collection[str]) -> None:
    """Have the clients that a session makes from now on refuse all but READS, before a request is made of a call.

    Args:
        session: makes the clients.
        but: operations that are allowed all the same.
    """

    def refuse(model: "OperationModel", **_: Any) -> None:
        if model.name not in _READS and model.name not in but:
            raise RefusedWrite(
                f"the console only reads here and did not call {model.name}; "
                "start it with --allow-execute or --allow-redrive if it is meant."
            )

    session.events.register_first("provide-client-params", refuse)


def keep_pace(session: "boto3.Session", budget: ReadBudget) -> None:
    """Have every request of the clients that a session makes from now on, retries included, wait for its turn."""
    session.events.register("before-send", budget.wait)
