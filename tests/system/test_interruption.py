"""A signal at any moment of `python -m build local` leaves no process, no port and no temporary folder."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from build.packaging import package
from build.packaging.command import OUTPUT
from stack.config import StackConfig
from tests.build.local.processes import listening_addresses, on_linux, processes_below

pytestmark = [pytest.mark.emulator, pytest.mark.slow, on_linux]

ROOT = Path(__file__).parents[2]
PATIENCE = 30
MOMENTS = (
    "Packaging the functions",
    "Starting the emulated AWS",
    "Created the bucket",
    " to add",
    "Writing 2,003 records",
    "Waiting until the streams are processed",
    "Running the workflow",
)
"""Steps that the command prints when they begin, in this order."""
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGKILL: -9}


class LocalRun:
    """The command, with a temporary folder of its own.

    Args:
        project: the folder to run it in.
        temporary: its TMPDIR, empty.
        variables: more of its environment.
    """

    def __init__(self, project: Path, temporary: Path, *arguments: str, **variables: str) -> None:
        temporary.mkdir()
        self.temporary = temporary
        self.process = subprocess.Popen(
            [sys.executable, "-m", "build", "local", *arguments],
            cwd=project,
            env={"PATH": os.environ["PATH"], "HOME": os.devnull, "TMPDIR": str(temporary), **variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def read_until(self, step: str) -> None:
        """Read what it prints until it begins a step."""
        assert self.process.stderr is not None
        printed = []
        while step not in (line := self.process.stderr.readline()):
            printed.append(line)
            assert line, f"{step!r} was not printed, but: {printed}"

    def end(self, *signals: signal.Signals) -> tuple[int, str]:
        """Send signals, the next when the one before has probably begun to act.

        Returns:
            The exit code, and what else was printed.
        """
        for each in signals:
            self.process.send_signal(each)
            time.sleep(0.1)
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors

    def assert_nothing_left(self) -> None:
        """Its children may need a moment to notice that it was killed."""
        deadline = time.monotonic() + PATIENCE
        while (left := processes_below(self.temporary)) or any(self.temporary.iterdir()):
            assert time.monotonic() < deadline, (left, list(self.temporary.rglob("*"))[:10])
            time.sleep(0.05)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's code and archives, where the test may interrupt what writes them."""
    package(StackConfig())
    copy = tmp_path_factory.mktemp("project")
    for folder in (ROOT / "build", ROOT / "stack", ROOT / "handlers", OUTPUT):
        shutil.copytree(folder, copy / folder.name)
    return copy


@contextmanager
def silent_server() -> Iterator[tuple[str, threading.Event]]:
    """A package index that accepts a connection and never answers; its URL, and whether somebody asked."""
    asked = threading.Event()

    def accept() -> None:
        held.append(listener.accept()[0])
        asked.set()

    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/simple", asked
        for connection in held:
            connection.close()


def assert_ended_by(ending: signal.Signals, exit_code: int, errors: str) -> None:
    """One sentence says that it was interrupted, and no traceback does."""
    assert exit_code == EXIT_CODES[ending], errors
    assert "Traceback" not in errors
    assert errors.count("local: ") == (ending != signal.SIGKILL)
    assert ending == signal.SIGKILL or errors.endswith("local: interrupted\n")


@pytest.mark.parametrize("ending", EXIT_CODES)
def test_while_pip_runs(project: Path, tmp_path: Path, ending: signal.Signals) -> None:
    without_archives = tmp_path / "project"
    shutil.copytree(project, without_archives, ignore=shutil.ignore_patterns(".*"))
    with silent_server() as (index, asked):
        run = LocalRun(without_archives, tmp_path / "temporary", PIP_INDEX_URL=index, PIP_NO_CACHE_DIR="1")
        run.read_until("Packaging the functions")
        assert asked.wait(PATIENCE)
        assert len(processes_below(run.temporary)) == 3
        assert_ended_by(ending, *run.end(ending))
    run.assert_nothing_left()
    assert not [path for path in (without_archives / ".artifacts").iterdir() if path.name.startswith(("Layer", "."))]


@pytest.mark.parametrize(
    ("moment", "ending"),
    [(moment, list(EXIT_CODES)[number % len(EXIT_CODES)]) for number, moment in enumerate(MOMENTS)],
)
def test_when_a_step_begins(project: Path, tmp_path: Path, moment: str, ending: signal.Signals) -> None:
    run = LocalRun(project, tmp_path / "temporary", "--users", "2000", "--orders", "3")
    run.read_until(moment)
    listeners = listening_addresses(processes_below(run.temporary))
    assert len(listeners) == (MOMENTS.index(moment) > 1)
    assert_ended_by(ending, *run.end(ending))
    run.assert_nothing_left()


def test_again_while_it_cleans_up(project: Path, tmp_path: Path) -> None:
    run = LocalRun(project, tmp_path / "temporary", "--users", "2000", "--orders", "3")
    run.read_until("Waiting until the streams are processed")
    assert_ended_by(signal.SIGTERM, *run.end(signal.SIGTERM, signal.SIGTERM))
    run.assert_nothing_left()


def test_in_the_middle_of_a_drill(project: Path, tmp_path: Path) -> None:
    run = LocalRun(project, tmp_path / "temporary", "--drill")
    run.read_until("next: the old table is deleted")
    assert_ended_by(signal.SIGINT, *run.end(signal.SIGINT))
    run.assert_nothing_left()


@pytest.mark.parametrize("ending", [signal.SIGHUP, signal.SIGKILL])
def test_while_it_stays_up(project: Path, tmp_path: Path, ending: signal.Signals) -> None:
    run = LocalRun(project, tmp_path / "temporary", "--keep", "--users", "1", "--orders", "0")
    run.read_until("AWS_SECRET_ACCESS_KEY")
    exit_code, errors = run.end(ending)
    assert exit_code == (-9 if ending == signal.SIGKILL else 0), errors
    assert "Traceback" not in errors
    run.assert_nothing_left()
