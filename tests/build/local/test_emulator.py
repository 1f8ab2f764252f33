"""The emulated AWS: alone on loopback, and gone afterwards."""

import subprocess
import sys
from pathlib import Path

import pytest

from build.errors import CommandError
from build.local import emulator
from build.local.emulator import answers, clean_environment, running_emulator


def test_runs_while_the_block_lasts(tmp_path: Path) -> None:
    with running_emulator(tmp_path / "log") as running:
        assert answers(running.port)
        assert running.variables["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{running.port}"
    assert not answers(running.port)


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


def test_is_ended_by_force_when_it_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "SECONDS_TO_STOP", 0.2)
    ignores = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", ignores], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    emulator.stop(process)
    assert process.returncode == -9
