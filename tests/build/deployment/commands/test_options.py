import argparse
import io
import sys
from pathlib import Path

import pytest

from build.command_line import COMMANDS, command_parser, main
from build.deployment.commands import deploy_options
from build.deployment.commands.consent import require_consent
from build.deployment.commands.deploy_options import add_deployment_options, requested_deployment
from build.deployment.commands.logs import duration
from build.deployment.commands.options import add_target_options, assignment, chosen_config
from build.errors import CommandError
from build.packaging import Package
from stack.config import StackConfig
from tests.build.deployment.support import tiny_package

OURS = [name for name, command in COMMANDS.items() if command.module.startswith("build.deployment.")]


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Package:
    made = tiny_package(tmp_path)
    monkeypatch.setattr(deploy_options, "package", lambda *arguments: made)
    return made


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_target_options(parser)
    add_deployment_options(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize("name", OURS)
def test_every_commands_help_ends_with_an_example_that_it_accepts(name: str) -> None:
    command = COMMANDS[name]
    parser = command_parser(name, command, command.load())
    example = command.load().EXAMPLE
    assert parser.format_help().rstrip().endswith(example)
    parser.parse_args(example.split()[4:])


def test_there_are_all_commands() -> None:
    assert OURS == ["plan", "deploy", "outputs", "status", "logs", "drift", "prune", "destroy"]


def test_the_suffix_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parsed().suffix == "dev"
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "staging")
    assert parsed().suffix == "staging"
    assert parsed("--suffix", "prod").suffix == "prod"


def test_a_bad_suffix_is_one_sentence_and_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outputs", "--suffix", "Bad Suffix"]) == 2
    assert capsys.readouterr().err.startswith("outputs: the suffix 'Bad Suffix' cannot be part of a name")
    with pytest.raises(CommandError, match="too long"):
        chosen_config("x" * 60)


@pytest.mark.parametrize(("text", "pair"), [("a=b", ("a", "b")), ("a=", ("a", "")), ("a=b=c", ("a", "b=c"))])
def test_assignments(text: str, pair: tuple[str, str]) -> None:
    assert assignment(text) == pair


@pytest.mark.parametrize("text", ["a", "=b", ""])
def test_what_is_no_assignment(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="NAME=VALUE"):
        assignment(text)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7_200), ("3d", 259_200)])
def test_lengths_of_time(text: str, seconds: int) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "1w", "-1m"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="90s, 10m, 2h or 3d"):
        duration(text)


def test_options_say_what_is_deployed(package: Package) -> None:
    words = "--alert-email ops@example.com --parameter StreamProcessing=Disabled --tag team=data --tag cost=low"
    more = "--role-arn arn:aws:iam::1:role/x --no-rollback --allow-replace UserDataTable --allow-replace OrderDataTable"
    asked = requested_deployment(parsed(*words.split(), *more.split()), StackConfig())
    assert asked.parameters == {"StreamProcessing": "Disabled", "AlertEmail": "ops@example.com"}
    assert asked.tags == {"team": "data", "cost": "low"}
    assert (asked.role_arn, asked.rollback) == ("arn:aws:iam::1:role/x", False)
    assert asked.allow_replace == {"UserDataTable", "OrderDataTable"}
    assert asked.package is package


def test_what_is_not_asked_for_stays_as_it_is(package: Package) -> None:
    asked = requested_deployment(parsed(), StackConfig())
    assert (asked.parameters, asked.tags, asked.role_arn, asked.rollback) == ({}, None, None, True)


def test_an_empty_address_turns_mail_off(package: Package) -> None:
    assert requested_deployment(parsed("--alert-email", ""), StackConfig()).parameters == {"AlertEmail": ""}


def test_a_protected_stack_always_rolls_back(package: Package) -> None:
    with pytest.raises(CommandError, match="always rolls back; leave out --no-rollback"):
        requested_deployment(parsed("--no-rollback"), StackConfig("prod"))


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
