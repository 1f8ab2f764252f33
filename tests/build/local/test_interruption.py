"""Signals end a block once, and with their exit codes; the processes and folders are checked in tests/system."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from build.cloudformation.failures import Detached
from build.errors import CommandError
from build.local.command import ended_by_signals

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """What a test sets does not stay."""
    before = {each: signal.getsignal(each) for each in SIGNALS}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("ending", SIGNALS)
def test_each_signal_has_its_exit_code(ending: signal.Signals) -> None:
    with pytest.raises(CommandError, match="^interrupted$") as ended, ended_by_signals():
        os.kill(os.getpid(), ending)
    assert ended.value.exit_code == SIGNALS[ending]


def test_a_second_signal_does_not_cut_cleaning_up_short() -> None:
    done = []
    with pytest.raises(CommandError, match="interrupted"), ended_by_signals():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            done.append("cleaned up")
    assert done == ["cleaned up"]


def test_what_following_makes_of_it_does_not_hide_it() -> None:
    with pytest.raises(CommandError, match="^interrupted$"), ended_by_signals():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise Detached("TapStackdev", updating=False) from None


def test_without_a_signal_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGHUP)
    with pytest.raises(CommandError, match="not this"), ended_by_signals():
        raise CommandError("not this")
    assert signal.getsignal(signal.SIGHUP) is before


def test_the_third_signal_ends_what_hangs() -> None:
    script = """
import os, signal
from build.local.command import ended_by_signals
with ended_by_signals():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        print("not reached")
"""
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout) == (143, "")


def test_a_signal_at_the_very_end_does_not_replace_the_exit_code() -> None:
    """Python gives signals their default action before it deletes the modules."""
    script = """
import os, signal, sys
from build.errors import CommandError
from build.local.command import ended_by_signals

class SentAtTheEnd:
    def __del__(self, kill=os.kill, process=os.getpid(), number=signal.SIGTERM):
        kill(process, number)

sent_at_the_end = SentAtTheEnd()
try:
    with ended_by_signals():
        os.kill(os.getpid(), signal.SIGTERM)
except CommandError as error:
    sys.exit(error.exit_code)
"""
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert finished.returncode == 143, finished.stderr
