"""The command without a cloud: what it says, and how it ends."""

import argparse
import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from build.local import command
from build.local.report import Report
from tests.build.local.test_report import GOOD


def parsed(*arguments: str) -> argparse.Namespace:
    """The command's arguments."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)


def test_there_is_a_knob_for_every_source() -> None:
    arguments = parsed("--users", "500", "--orders", "0")
    assert (arguments.users, arguments.orders) == (500, 0)


@pytest.mark.parametrize("number", ["-1", "1.5", "many"])
def test_refuses_what_is_no_number_of_records(number: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        parsed("--users", number)


def test_prints_one_document_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    command.print_report(GOOD, as_json=True)
    assert json.loads(capsys.readouterr().out) == GOOD.document()


def test_every_problem_is_a_line_on_stderr_and_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.judge(["one is missing.", "two are too many."]) == 1
    assert capsys.readouterr().err == "local: one is missing.\nlocal: two are too many.\n"
    assert command.judge([]) == 0


class Interrupted:
    """An event that never comes, because Ctrl-C does."""

    def wait(self) -> None:
        raise KeyboardInterrupt


class Cloud:
    """A cloud that starts at once and runs nothing."""

    def __init__(self) -> None:
        self.emulator = SimpleNamespace(endpoint="http://127.0.0.1:1", variables={"AWS_REGION": "us-west-2"})
        self.clients = SimpleNamespace(logs=None)

    def __enter__(self) -> "Cloud":
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def without_a_cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def main_job(*_: object) -> Report:
        return GOOD

    replacements: dict[str, Any] = {
        "new_log_folder": lambda: tmp_path,
        "package": lambda config: None,
        "running_cloud": lambda *_: Cloud(),
        "do_main_job": main_job,
        "save_logs": lambda client, folder: None,
    }
    for name, replacement in replacements.items():
        monkeypatch.setattr(command, name, replacement)
    monkeypatch.setattr(threading, "Event", Interrupted)


@pytest.mark.usefixtures("without_a_cloud")
def test_fails_when_a_number_is_not_the_one_expected(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(parsed("--users", "1", "--orders", "1")) == 1
    assert "2 activities of the type USER_ACTIVITY were expected and 3 are recorded" in capsys.readouterr().err


@pytest.mark.usefixtures("without_a_cloud")
def test_kept_up_it_says_how_to_reach_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command.run(parsed("--keep"))
    errors = capsys.readouterr().err
    assert "http://127.0.0.1:1" in errors
    assert "export AWS_REGION=us-west-2" in errors
    assert f"the logs are in {tmp_path}" in errors
