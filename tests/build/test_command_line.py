"""`python -m build`: its list of commands, and how each ends."""

import argparse
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from build import command_line
from build.command_line import COMMANDS, command_parser, main
from build.errors import CommandError

ROOT = Path(__file__).parents[2]


class Failing:
    """A command that ends with an exception."""

    EXAMPLE = "python -m build fail"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--option")

    def run(self, arguments: argparse.Namespace) -> int:
        raise self.error


def ends(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """How a command ends that raises an error."""
    command: Any = argparse.Namespace(load=lambda: Failing(error), summary="fails always")
    monkeypatch.setitem(command_line.COMMANDS, "fail", command)
    return main(["fail"])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    module: Any = importlib.import_module(COMMANDS[name].module)
    shown = command_parser(name, COMMANDS[name], module).format_help()
    assert f"python -m build {name}" in shown.split("example:")[1]


def test_without_a_command_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([])
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in COMMANDS)


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["fly"])
    assert "invalid choice: 'fly'" in capsys.readouterr().err


def test_a_failure_is_one_sentence_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(monkeypatch, CommandError("this was wrong; do that.", 2)) == 2
    assert capsys.readouterr() == ("", "fail: this was wrong; do that.\n")


def test_ctrl_c_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "fail: interrupted\n"


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    code = (
        "import sys; from build import command_line; from types import SimpleNamespace as N\n"
        "def run(arguments): print('x' * 100_000, flush=True)\n"
        "module = N(EXAMPLE='', add_arguments=lambda parser: None, run=run)\n"
        "command_line.COMMANDS['talk'] = N(load=lambda: module, summary='talks')\n"
        "sys.exit(command_line.main(['talk']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.defpath},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 141


def test_the_list_of_commands_loads_none_of_them() -> None:
    code = "import sys; from build import command_line; print('boto3' in sys.modules, 'troposphere' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout == "False False\n"


def command(*words: str, closed: str = "", output: str = os.devnull) -> subprocess.CompletedProcess[str]:
    """A command whose stdout is a file, or whose streams are closed as a shell closes them."""
    shell = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "build", *words]
    environment = {"PATH": os.defpath, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    environment["AWS_ENDPOINT_URL"] = "localhost:1"
    with open(output, "w") as stdout:
        return subprocess.run(
            shell, cwd=ROOT, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
        )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [["--help"], ["deploy", "--help"], ["outputs", "--json"]])
def test_an_output_that_is_full_is_no_traceback(words: list[str]) -> None:
    ended = command(*words, output="/dev/full")
    assert ended.returncode == 1
    assert ended.stderr == (
        f"{words[0]}: writing failed (No space left on device); "
        "make room, or send the output elsewhere, and repeat the command.\n"
    )


@pytest.mark.parametrize("words", [["--help"], ["deploy", "--help"]])
def test_a_closed_output_gets_nothing_and_nothing_fails(words: list[str]) -> None:
    ended = command(*words, closed=">&-")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(("closed", "told"), [(">&-", True), (">&- 2>&-", False), ("<&- >&- 2>&-", False)])
def test_a_failure_with_closed_streams_is_no_traceback(closed: str, told: bool) -> None:
    ended = command("outputs", closed=closed)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == told
    assert "Traceback" not in ended.stderr


def test_a_file_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "_discard_output", lambda: None)
    assert ends(monkeypatch, PermissionError(13, "Permission denied", "/x/y")) == 1
    assert capsys.readouterr().err == "fail: /x/y: Permission denied; correct that and repeat the command.\n"
