"""The one loop that waits for AWS."""

from collections.abc import Callable
from time import sleep
from typing import TypeVar

from botocore.exceptions import ClientError

from build.deployment.aws_errors import passes_by_itself

FIRST_PAUSE = 1.0
GROWTH = 1.25
LONGEST_PAUSE = 5.0

Answer = TypeVar("Answer")


def until(read: Callable[[], Answer | None], waiting: Callable[[], None]) -> Answer:
    """Ask until there is an answer, after pauses that grow from one second to five.

    Being throttled, and faults of AWS, are no answer and never a failure.

    Args:
        read: gives the answer, or None to be asked again.
        waiting: called before each pause.
    """
    pause = FIRST_PAUSE
    while (answer := patiently(read)) is None:
        waiting()
        sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)
    return answer


def patiently(read: Callable[[], Answer | None]) -> Answer | None:
    """Ask once; None when AWS has no time to answer."""
    try:
        return read()
    except ClientError as error:
        if not passes_by_itself(error):
            raise
        return None
