"""Processes that end with the program that started them, and a temporary folder that goes with it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from build.child_processes import run_program, stop
from tests.build.local.processes import on_linux, processes_with

PATIENCE = 30
USER = """
import sys, tempfile
from pathlib import Path
from build.child_processes import run_program

with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    run_program([sys.executable, "-c", sys.argv[1]], Path(folder))
"""
BUSY = """
import os, tempfile
print("started", file=open(os.environ["STARTED"], "w"))
while True:
    tempfile.mkstemp()
"""


def test_is_ended_by_force() -> None:
    ignores = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", ignores], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    stop(process)
    assert process.returncode == -9


def test_a_program_runs_to_its_end(tmp_path: Path) -> None:
    script = "import sys, tempfile; print(tempfile.gettempdir()); print('bad', file=sys.stderr); sys.exit(3)"
    finished = run_program([sys.executable, "-c", script], tmp_path)
    assert (finished.stdout.strip(), finished.stderr.strip(), finished.returncode) == (str(tmp_path), "bad", 3)


def test_a_program_that_a_signal_ended_has_failed(tmp_path: Path) -> None:
    script = "import os; os.kill(os.getpid(), 9)"
    assert run_program([sys.executable, "-c", script], tmp_path).returncode != 0


@on_linux
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_program_and_its_folder_go_with_its_user(tmp_path: Path, ending: signal.Signals) -> None:
    folder, started = tmp_path / "temporary", tmp_path / "started"
    folder.mkdir()
    user = subprocess.Popen(
        [sys.executable, "-c", USER, BUSY],
        env=os.environ | {"TMPDIR": str(folder), "STARTED": str(started)},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + PATIENCE
    while not started.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert len(processes_with(f"STARTED={started}")) == 3
    user.send_signal(ending)
    user.wait(PATIENCE)
    while processes_with(f"STARTED={started}") or any(folder.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
