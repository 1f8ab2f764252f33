"""Being interrupted: Ctrl-C, SIGTERM and SIGHUP end a run in order, once, and with the exit code of the signal."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from build.errors import CommandError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_EXIT_CODE = 128
"""Of a program that a signal ended, to which the signal's number is added
(https://tldp.org/LDP/abs/html/exitcodes.html)."""
_INSISTENCE = 3


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let each of the signals end the block as Ctrl-C does.

    What follows the first is cleaning up, and then the end of the process, which a second does not cut short; a third
    ends the process at once, and its children then end by themselves.

    Raises:
        CommandError: when a signal ended the block, whatever was raised because of it.
    """
    received: list[int] = []

    def interrupt(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) == _INSISTENCE:
            os._exit(_EXIT_CODE + received[0])
        if len(received) == 1:
            raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in _SIGNALS}
    try:
        yield
    except (Exception, KeyboardInterrupt):
        if not received:
            raise
        raise CommandError("interrupted", _EXIT_CODE + received[0]) from None
    finally:
        if not received:
            for each, handler in before.items():
                signal.signal(each, handler)
