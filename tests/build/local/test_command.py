"""The command without a cloud: what it says, and how it ends."""

import argparse
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from build.errors import CommandError
from build.local import command
from build.local.command import count_options
from build.local.documents import BadLine
from build.local.drill_report import DrillReport
from build.local.records import RecordFiles, SampleRecords
from build.local.report import LocalReport
from stack import config
from tests.build.local.test_drill_report import DAMAGED
from tests.build.local.test_report import GOOD
from tests.sources import ORDERS, USERS

SOURCES = (USERS, ORDERS)


def parser_of(sources: Any = SOURCES) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser, sources)
    return parser


def parsed(*arguments: str) -> argparse.Namespace:
    """The command's arguments."""
    return parser_of().parse_args(arguments)


def asked(*arguments: str) -> argparse.Namespace:
    """The command's arguments for the sources that the stack has."""
    return parser_of(config.SOURCES).parse_args(arguments)


def counts(*arguments: str) -> list[Any]:
    """How many records of each source are to be generated."""
    found = parsed(*arguments)
    return [found.UserData, found.OrderData]


def test_there_is_an_option_for_every_source() -> None:
    assert counts("--user-data", "500", "--order-data", "0") == [500, 0]
    assert counts("--users", "500", "--orders", "0") == [500, 0]
    assert counts() == [None, None]


def test_sources_whose_names_begin_alike_have_options_of_their_own() -> None:
    sources = (*SOURCES, replace(USERS, name="UserSession"))
    assert count_options(sources)["UserSession"] == ["--user-session"]
    found = parser_of(sources).parse_args(["--user-session", "7", "--users", "5"])
    assert (found.UserSession, found.UserData) == (7, 5)
    assert "--user-session" in parser_of(sources).format_help()


@pytest.mark.parametrize("name", ["Users", "Orders", "Json", "Keep", "Fault", "Drill", "Records", "Source", "Help"])
def test_no_name_of_a_source_collides(name: str) -> None:
    sources = (*SOURCES, replace(USERS, name=name))
    options = [option for names in count_options(sources).values() for option in names]
    assert len(options) == len(set(options))
    assert getattr(parser_of(sources).parse_args([count_options(sources)[name][0], "3"]), name) == 3


@pytest.mark.parametrize("number", ["-1", "1.5", "many", "", "²", "1_0"])
@pytest.mark.parametrize("option", ["--users", "--user-data"])
def test_refuses_what_is_no_number_of_records(number: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parsed(option, number)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f"argument --user-data/--users: {number!r} is no number of records; use 0, 1, 2 and so on.")


def records_of(*arguments: str) -> Any:
    """The input that arguments ask for."""
    return command._records(parsed(*arguments), SOURCES, command.BadLines())


def test_records_are_generated_unless_files_are_given(tmp_path: Path) -> None:
    generated = records_of("--users", "0")
    assert isinstance(generated, SampleRecords)
    assert [sample.count for sample in generated.samples] == [0, 20]
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.touch()
    files = records_of("--records", *map(str, paths))
    assert isinstance(files, RecordFiles)
    assert (files.paths, files.sources) == (paths, [USERS, ORDERS])
    assert records_of("--records", str(paths[0]), "--source", "OrderData").sources == [ORDERS]
    assert records_of("--records", str(paths[0]), "--records", str(paths[1])).paths == paths


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--source", "UserData"], "--source needs --records"),
        (["--records", __file__, "--users", "5"], "with --records nothing is generated"),
        (["--fault", "crash", "--users", "5"], "--fault writes records of its own"),
        (["--fault", "crash", "--records", __file__], "--fault writes records of its own"),
        (["--fault", "crash", "--source", "UserData"], "--fault writes records of its own"),
        (["--drill", "--fault", "crash"], "--drill writes records of its own and ends by itself; leave --fault"),
        (["--drill", "--keep"], "--drill writes records of its own"),
        (["--drill", "--users", "0"], "--drill writes records of its own"),
        (["--drill", "--records", __file__], "--drill writes records of its own"),
        (["--drill", "--source", "UserData"], "--drill writes records of its own"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence) as refused:
        records_of(*arguments)
    assert refused.value.exit_code == 2


def test_a_file_that_is_not_there_is_said_before_anything_starts() -> None:
    with pytest.raises(CommandError, match="/nowhere cannot be read .No such file or directory.; name a file"):
        command.run(asked("--records", "/nowhere"))


def test_a_bad_file_floods_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    bad_lines = command.BadLines()
    bad_lines(Path("spread.json"), BadLine(3, 9, "it is not JSON"))
    for number in range(1, 1_000_001):
        bad_lines(Path("users.json"), BadLine(number, number, "it is no JSON object"))
    bad_lines.say_how_many_more()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 21
    assert lines[0] == "local: spread.json, lines 3 to 9: it is not JSON."
    assert lines[1] == "local: users.json, line 1: it is no JSON object."
    assert lines[-1] == "local: and 999,981 more lines that hold no record."


def test_a_few_bad_lines_are_all_named(capsys: pytest.CaptureFixture[str]) -> None:
    bad_lines = command.BadLines()
    bad_lines(Path("users.json"), BadLine(1, 1, "it is no JSON object"))
    bad_lines.say_how_many_more()
    assert len(capsys.readouterr().err.splitlines()) == 1


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
def end_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[LocalReport], None]:
    """Have a run end with a report, without a cloud."""
    replacements: dict[str, Any] = {
        "new_log_folder": lambda: tmp_path,
        "package": lambda config: None,
        "running_cloud": lambda *_: Cloud(),
        "save_logs": lambda client, folder: None,
    }
    for name, replacement in replacements.items():
        monkeypatch.setattr(command, name, replacement)
    monkeypatch.setattr(threading, "Event", Interrupted)
    return lambda report: monkeypatch.setattr(command, "run_scenario", lambda *_: report)


def test_ends_well_when_every_number_is_the_one_expected(
    end_with: Callable[[LocalReport], None], capsys: pytest.CaptureFixture[str]
) -> None:
    end_with(GOOD)
    assert command.run(asked("--json")) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == GOOD.document()
    assert captured.err == "Packaging the functions\n"


def test_every_problem_is_a_line_on_stderr_and_a_failure(
    end_with: Callable[[LocalReport], None], capsys: pytest.CaptureFixture[str]
) -> None:
    end_with(replace(GOOD, activities={"USER_ACTIVITY": 4, "ORDER_ACTIVITY": 2}, rejected=2))
    assert command.run(asked("--users", "1", "--orders", "1")) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [
        "local: 3 activities of the type USER_ACTIVITY were expected and 4 are recorded.",
        "local: 2 lines hold no record; correct them and run again, everything else was processed.",
    ]


@pytest.mark.parametrize(("changed", "exit_code"), [({}, 0), ({"processed": 59}, 1)])
def test_a_drill_is_about_a_protected_stack_and_fails_when_anything_is_missing(
    end_with: Callable[[LocalReport], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, Any],
    exit_code: int,
) -> None:
    end_with(GOOD)
    deployed: list[config.StackConfig] = []
    report = DrillReport([replace(DAMAGED, **changed)])

    def cloud(configured: config.StackConfig, *_: object) -> Cloud:
        deployed.append(configured)
        return Cloud()

    monkeypatch.setattr(command, "running_cloud", cloud)
    monkeypatch.setattr(command, "run_drill", lambda *_: report)
    assert command.run(asked("--drill", "--json")) == exit_code
    captured = capsys.readouterr()
    assert json.loads(captured.out)["drill"][0]["loss"] == "damaged"
    assert captured.err.count("local: ") == exit_code
    assert [each.protected for each in deployed] == [True]


def test_kept_up_it_says_how_to_reach_it(
    end_with: Callable[[LocalReport], None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    end_with(GOOD)
    command.run(asked("--keep"))
    errors = capsys.readouterr().err
    assert "http://127.0.0.1:1" in errors
    assert "export AWS_REGION=us-west-2" in errors
    assert f"the logs are in {tmp_path}" in errors


def test_ctrl_c_under_json_ends_with_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "package", interrupted)
    with pytest.raises(KeyboardInterrupt):
        command.run(asked("--json"))
    shown = json.loads(capsys.readouterr().out)
    assert shown == {"type": "failure", "message": "interrupted", "exit_code": 130}
