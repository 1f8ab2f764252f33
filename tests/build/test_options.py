import argparse
import io
import json
import sys

import pytest

from build.aws import Clients
from build.command_line import COMMANDS, command_parser, main
from build.errors import CommandError
from build.options import add_stack_options, assignment, context, presenter_for, require_consent
from build.output import JsonPresenter, LinePresenter, TerminalPresenter

OURS = [name for name, command in COMMANDS.items() if command.module.startswith("build.commands.")]


@pytest.mark.parametrize("name", OURS)
def test_every_commands_help_ends_with_an_example_that_it_accepts(name: str) -> None:
    command = COMMANDS[name]
    parser = command_parser(name, command, command.load())
    example = command.load().EXAMPLE
    assert parser.format_help().rstrip().endswith(example)
    parser.parse_args(example.split()[4:])


def test_there_are_all_commands() -> None:
    assert OURS == [
        *("plan", "deploy", "settings", "list", "outputs"),
        *("status", "logs", "trace", "drift", "prune", "restore", "adopt", "sweep", "destroy"),
    ]


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_stack_options(parser)
    return parser.parse_args(words)


def test_the_suffix_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parsed().suffix == "dev"
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "staging")
    assert parsed().suffix == "staging"
    assert parsed("--suffix", "prod").suffix == "prod"


def test_a_bad_suffix_is_one_sentence_and_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outputs", "--suffix", "Bad Suffix"]) == 2
    assert capsys.readouterr().err.startswith("outputs: the suffix 'Bad Suffix' cannot be part of a name")
    assert main(["outputs", "--suffix", "x" * 60]) == 2
    assert "too long" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "pair"), [("a=b", ("a", "b")), ("a=", ("a", "")), ("a=b=c", ("a", "b=c"))])
def test_assignments(text: str, pair: tuple[str, str]) -> None:
    assert assignment(text) == pair


@pytest.mark.parametrize("text", ["a", "=b", ""])
def test_what_is_no_assignment(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="NAME=VALUE"):
        assignment(text)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_consent_is_the_word_typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("TapStackdev\n"))
    require_consent("TapStackdev", given=False)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "Type TapStackdev to go on: ")


@pytest.mark.parametrize("typed", ["yes\n", "\n", ""])
def test_anything_else_is_no_consent(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    with pytest.raises(CommandError, match="nothing was deleted"):
        require_consent("TapStackdev", given=False)


def test_consent_on_the_command_line_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    require_consent("TapStackdev", given=True)


def test_nobody_is_asked_where_nobody_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("TapStackdev\n"))
    with pytest.raises(CommandError, match="add --yes") as caught:
        require_consent("TapStackdev", given=False)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("json_lines", "stream", "term", "kind"),
    [
        (True, Terminal(), "xterm", JsonPresenter),
        (False, Terminal(), "xterm", TerminalPresenter),
        (False, Terminal(), "dumb", LinePresenter),
        (False, io.StringIO(), "xterm", LinePresenter),
    ],
)
def test_the_presenter_fits_where_the_output_goes(
    monkeypatch: pytest.MonkeyPatch, json_lines: bool, stream: io.StringIO, term: str, kind: type
) -> None:
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", term)
    assert isinstance(presenter_for(json_lines), kind)


def test_a_failure_is_shown_and_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="no"), context(parsed("--json")):
        raise CommandError("no")
    assert json.loads(capsys.readouterr().out)["type"] == "failure"


def test_ctrl_c_under_json_ends_with_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), context(parsed("--json")):
        raise KeyboardInterrupt
    shown = json.loads(capsys.readouterr().out)
    assert shown == {"type": "failure", "message": "interrupted", "exit_code": 130}


@pytest.mark.parametrize("command", ["plan", "deploy", "status"])
@pytest.mark.parametrize("region", ["cn-north-1", "cn-northwest-1"])
def test_a_region_of_china_is_refused_before_aws_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, region: str
) -> None:
    monkeypatch.setattr(Clients, "identity", property(no_call))
    monkeypatch.setattr(Clients, "account", property(no_call))
    assert main([command, "--region", region]) == 2
    assert capsys.readouterr().err == (
        f"{command}: {region} is a region of China, where Lambda has no failure destinations in S3, no metrics of "
        "event source mappings and no X-Ray; choose another region with --region.\n"
    )


def no_call(clients: Clients) -> str:
    raise AssertionError("AWS was asked")
