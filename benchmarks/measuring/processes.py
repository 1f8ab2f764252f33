"""Commands of the project, measured from their start to their end."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from build.errors import CommandError

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Finished:
    """A command that has run to its end.

    Args:
        seconds: of the clock.
        cpu_seconds: of its process and all that it started.
        peak_memory: the most that its process has had, in bytes.
        output: what it wrote to standard output.
    """

    seconds: float
    cpu_seconds: float
    peak_memory: int
    output: str


def run_module(module: str, *arguments: str) -> Finished:
    """Run `python -m module` with some arguments in the project's folder.

    Raises:
        CommandError: when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        note, output, errors = (Path(folder) / name for name in ("note", "output", "errors"))
        program = [sys.executable, "-m", "benchmarks.measuring.program", str(note), module, *arguments]
        with output.open("wb") as stdout, errors.open("wb") as stderr:
            started = time.perf_counter()
            process = subprocess.Popen(program, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            command = " ".join([module, *arguments])
            raise CommandError(f"`{command}` failed; mend it and run again ({errors.read_text().strip()}).")
        return Finished(seconds, usage.ru_utime + usage.ru_stime, int(note.read_text()), output.read_text())
