"""Processes that never outlive the program that started them, however that ends, and leave no temporary folder.

Each leads a process group of its own, so that Ctrl-C in a terminal reaches the program alone, and has a pipe from the
program as its standard input: when the pipe closes, the process removes its temporary folder and ends its group. What
does not know of this is run as

    python -m build.child_processes <temporary folder> <program> <arguments>
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_PROJECT = Path(__file__).resolve().parents[1]
_STANDARD_INPUT = 0
_SECONDS_TO_END = 10
_SECONDS_FOR_THE_GROUP = 2
_SECONDS_BETWEEN_LOOKS = 0.005


def stop(process: subprocess.Popen[Any]) -> None:
    """End a process that leads a group of its own, and all that it started, at once: there is nothing to be saved.

    What it started is waited for a moment too, and no longer: where nobody collects orphans, they stay zombies.
    """
    deadline = time.monotonic() + _SECONDS_FOR_THE_GROUP
    with suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < deadline:
            os.killpg(process.pid, signal.SIGKILL)
            process.poll()
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    process.wait()


@contextmanager
def parent_pipe(message: bytes = b"") -> Iterator[int]:
    """A pipe for the standard input of a process that is to end when this one does.

    Args:
        message: a few bytes that are in it from the beginning.

    Returns:
        The end to read from. The other closes after the block, or when this process ends, however it ends.
    """
    reading, writing = os.pipe()
    try:
        os.write(writing, message)
        yield reading
    finally:
        os.close(reading)
        os.close(writing)


@contextmanager
def child_process(arguments: Sequence[str], message: bytes = b"", **settings: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process for as long as the block lasts, which ends by itself when its standard input closes.

    It is asked to end by closing the pipe, and ended by force only when it does not: should this program be killed
    meanwhile, it goes on to remove its folder.

    Args:
        arguments: the program and its arguments; it calls `end_with_parent`.
        message: what it can read from its standard input.
        settings: more arguments of Popen.
    """
    process = None
    try:
        with parent_pipe(message) as pipe:
            process = subprocess.Popen(arguments, stdin=pipe, start_new_session=True, **settings)
            yield process
    finally:
        if process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS_TO_END)
            stop(process)


def run_program(arguments: Sequence[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, and capture what it prints.

    Args:
        arguments: the program and its arguments, paths absolute.
        folder: a temporary folder that the program works in; it is removed should this process be killed, and is
            otherwise left to the caller.
    """
    with child_process(
        [sys.executable, "-m", "build.child_processes", str(folder), *arguments],
        cwd=_PROJECT,
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        printed, errors = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, printed, errors)


def end_with_parent(folder: str, child: subprocess.Popen[bytes] | None = None) -> None:
    """Wait for the pipe to close; then remove a temporary folder, and end this process and its group.

    Args:
        folder: to be removed.
        child: what writes to it; it is stopped first.
    """
    while os.read(_STANDARD_INPUT, 1):
        pass
    if child:
        child.send_signal(signal.SIGSTOP)
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _main(folder: str, *arguments: str) -> int:
    program = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
    threading.Thread(target=end_with_parent, args=(folder, program), daemon=True).start()
    return abs(program.wait())


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
