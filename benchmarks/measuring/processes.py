"""New processes that are measured once: importing a module, and a command from its start to its end."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.systems.lambda_environment import function_environment
from build.errors import CommandError

_PROJECT = Path(__file__).resolve().parents[2]
_CHILD = "benchmarks.measuring.child"


@dataclass(frozen=True)
class MeasuredImport:
    """An import in a new process.

    Args:
        seconds: of the clock.
        cpu_seconds: of the process.
        peak_memory: of the process, in bytes.
    """

    seconds: float
    cpu_seconds: float
    peak_memory: int


def measure_import(interpreter: str, module: str, path: Sequence[Path], variables: Mapping[str, str]) -> MeasuredImport:
    """Import a module in a new process that is set up like one of Lambda's.

    Args:
        interpreter: the Python to run.
        module: what to import.
        path: where to look for it first.
        variables: environment variables of the function.

    Raises:
        CommandError: when the module cannot be imported.
    """
    environment = {
        **variables,
        "PYTHONPATH": os.pathsep.join(map(str, [*path, _PROJECT])),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    finished = subprocess.run(
        [interpreter, "-P", "-m", _CHILD, "import", module],
        env=function_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise CommandError(f"{module} cannot be imported; fix it ({finished.stderr.strip()}).")
    seconds, cpu_seconds, peak = finished.stdout.split()
    return MeasuredImport(float(seconds), float(cpu_seconds), int(peak))


@dataclass(frozen=True)
class MeasuredCommand:
    """A command that has run to its end.

    Args:
        seconds: of the clock.
        cpu_seconds: of its process and all that it started.
        peak_memory: of its process, in bytes.
        output: what it wrote to standard output.
    """

    seconds: float
    cpu_seconds: float
    peak_memory: int
    output: str


def measure_command(module: str, *arguments: str) -> MeasuredCommand:
    """Run `python -m module` with some arguments in the project's folder.

    Raises:
        CommandError: when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        peak, output, errors = (Path(folder) / name for name in ("peak", "output", "errors"))
        program = [sys.executable, "-m", _CHILD, "run", str(peak), module, *arguments]
        with output.open("wb") as stdout, errors.open("wb") as stderr:
            started = time.perf_counter()
            process = subprocess.Popen(program, cwd=_PROJECT, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            command = " ".join([module, *arguments])
            raise CommandError(f"`{command}` failed; fix it and run again ({errors.read_text().strip()}).")
        return MeasuredCommand(seconds, usage.ru_utime + usage.ru_stime, int(peak.read_text()), output.read_text())
