"""The command serves the page until it is told to end, and goes on where it was."""

import http.client
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from build.command_line import main
from build.console.command import listening, promises
from build.console.reads import READS, REDRIVING, STARTING_EXECUTIONS
from build.console.target import AllowedActions
from build.errors import CommandError
from build.local.cloud import LocalCloud
from build.loopback import HOST

PROJECT = Path(__file__).parents[3]


def test_the_port_and_the_session_are_those_of_the_last_time(tmp_path: Path) -> None:
    file = tmp_path / "console.json"
    with listening(0, file) as (_, first):
        assert first.port
    with listening(0, file) as (_, second):
        assert second == first
        with listening(0, tmp_path / "other.json") as (_, other):
            assert other.port != second.port and other.secret != second.secret


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"port {port} cannot be used .*; choose another --port"):
            with listening(port, tmp_path / "console.json"):
                pass


@pytest.mark.parametrize("option", ["--allow-redrive", "--allow-execute", "--profile=any", "--region=us-east-1"])
def test_options_of_a_deployed_stack_need_its_suffix(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["console", option]) == 2
    assert "name a stack with --suffix, or leave that out" in capsys.readouterr().err


def test_there_has_to_be_a_stack(
    cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.emulator.endpoint)
    assert main(["console", "--suffix", "missing"]) == 1
    assert "TapStackmissing" in capsys.readouterr().err


def test_without_credentials_the_sentence_is_the_one_of_every_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert main(["console", "--suffix", "dev"]) == 1
    assert "there are no complete AWS credentials" in capsys.readouterr().err


def test_what_may_be_called_is_printed_and_nothing_else() -> None:
    """A redrive reads for itself, and the reads of the page are counted."""
    for execute in (False, True):
        for redrive in (False, True):
            reads, *others = promises(AllowedActions(execute, redrive))
            assert "at most 30 times a minute" in reads
            assert all(f"{service} {' '.join(names)}" in reads for service, names in READS.items())
            words = set(" ".join(others).replace(",", " ").split())
            writes = STARTING_EXECUTIONS | (REDRIVING if redrive else frozenset())
            assert words & REDRIVING == (writes if execute or redrive else frozenset())
            assert ("nothing" in words) is not (execute or redrive)


@contextmanager
def served(cloud: LocalCloud, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command over a deployed stack, and what it has said when it can be opened."""
    command = [sys.executable, "-m", "build", "console", "--suffix", "console", *options]
    variables = {**cloud.emulator.variables, "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, cwd=PROJECT, env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = ""
        try:
            while "token=" not in said:
                line = process.stdout.readline()
                assert line, said
                said += line
            yield process, said
        finally:
            process.kill()
    (PROJECT / ".local" / "console-console.json").unlink()


def opened(said: str) -> tuple[int, str]:
    """Open the address that the command has said; its port, and the cookie that it gives."""
    found = re.search(r"http://127\.0\.0\.1:(\d+)(/\?token=\S+)", said)
    assert found
    connection = http.client.HTTPConnection(HOST, int(found[1]), timeout=30)
    connection.request("GET", found[2])
    answer = connection.getresponse()
    assert answer.status == 303
    connection.close()
    return int(found[1]), answer.headers["set-cookie"].partition(";")[0]


def test_it_is_served_over_a_deployed_stack_until_it_is_interrupted(cloud: LocalCloud) -> None:
    with served(cloud, "--allow-redrive") as (process, said):
        opened(said)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    assert "reads at most 30 times a minute, retries included, and fewer when throttled: CloudFormation Desc" in said
    assert "replays failed events when the page is told to, as fast as `python -m build redrive`" in said
    assert "starts executions" not in said and "changes nothing" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_waits_to_read_does_not_keep_it_from_ending(cloud: LocalCloud, number: signal.Signals) -> None:
    """Ten traces at once would take minutes."""
    with served(cloud) as (process, said):
        port, cookie = opened(said)
        connections = [http.client.HTTPConnection(HOST, port, timeout=60) for _ in range(10)]
        for connection in connections:
            connection.request("GET", "/trace?source=UserData&id=nobody", headers={"Cookie": cookie})
        process.send_signal(number)
        assert process.wait(timeout=60) == 0
        for connection in connections:
            connection.close()
