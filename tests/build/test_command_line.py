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
