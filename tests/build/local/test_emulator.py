"""The emulated AWS: alone on loopback, and gone afterwards, however the program ends that started it."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from build.errors import CommandError
from build.local.emulator import Emulator, answers, clean_environment, running_emulator
from tests.build.local.processes import on_linux, processes_of
from tests.build.poller.cloud import Cloud

PATIENCE = 30
USER = """
import sys, time
from pathlib import Path
from build.local.emulator import running_emulator

with running_emulator(Path(sys.argv[1])) as emulator:
    print(emulator.port, flush=True)
    time.sleep(600)
"""


def test_runs_while_the_block_lasts(tmp_path: Path) -> None:
    with running_emulator(tmp_path / "log") as running:
        assert answers(running)
        assert running.variables["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{running.port}"
    assert not answers(running)


def test_answers_only_who_knows_the_token(tmp_path: Path) -> None:
    with running_emulator(tmp_path / "log") as running:
        assert not answers(Emulator(running.port, running.log_file, "guessed"))
        assert running.token not in repr(running)


def test_sees_nothing_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    seen = clean_environment(4566, tmp_path)
    assert "secret" not in seen.values()
    assert (seen["BIND_HOST"], seen["HOME"], seen["TMPDIR"]) == ("127.0.0.1", str(tmp_path), str(tmp_path))


def test_says_where_to_look_when_it_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CommandError, match=f"did not start: read {tmp_path / 'log'}"):
        with running_emulator(tmp_path / "log"):
            pass


def test_does_not_start_where_there_is_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: argparse.Namespace(free=5 * 2**20))
    with pytest.raises(CommandError, match=f"{folder} has 5.0 MB free, and 64 MB are needed; make room, or set TMPDIR"):
        with running_emulator(tmp_path / "log"):
            pass
    assert not any(folder.iterdir())


def start_a_function(port: int) -> None:
    """Have the emulator run a function, whose process stays for the next invocation."""
    cloud = Cloud(f"http://127.0.0.1:{port}")
    cloud.functions.invoke(FunctionName="recorder", Payload=b'{"Records": []}')


@on_linux
def test_leaves_no_process(tmp_path: Path) -> None:
    with running_emulator(tmp_path / "log") as running:
        start_a_function(running.port)
        assert len(processes_of(running.port)) >= 2
    assert processes_of(running.port) == []


@on_linux
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_leaves_no_process_and_no_folder_when_its_user_ends(tmp_path: Path, ending: signal.Signals) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    user = subprocess.Popen(
        [sys.executable, "-c", USER, str(tmp_path / "log")],
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert user.stdout is not None
    port = int(user.stdout.readline())
    start_a_function(port)
    assert len(processes_of(port)) >= 2
    user.send_signal(ending)
    user.wait(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while processes_of(port) or any(folder.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@on_linux
def test_leaves_no_process_when_it_fails_by_itself(tmp_path: Path) -> None:
    with running_emulator(tmp_path / "log") as running:
        start_a_function(running.port)
        leader = os.getpgid(processes_of(running.port)[0])
        os.kill(leader, signal.SIGKILL)
    assert processes_of(running.port) == []


def test_is_not_started_by_hand(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "build.local.emulator_process", "0", str(tmp_path)]
    finished = subprocess.run(program, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == "This is a part of `python -m build local`; run that.\n"
    assert tmp_path.exists()
