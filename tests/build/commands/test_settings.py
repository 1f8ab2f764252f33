import json
from pathlib import Path

import pytest

from build.command_line import main
from stack import settings
from tests.stack.test_settings import PROD

SECTION = "setup.cfg [suffix.prod]"


@pytest.fixture(autouse=True)
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of settings."""
    path = tmp_path / "setup.cfg"
    path.write_text(PROD)
    monkeypatch.setattr(settings, "SETTINGS_FILE", path)
    return path


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, tuple[str | None, str]]:
    """What the command shows as JSON: value and source by name."""
    assert main(["settings", "--json", *words]) == 0
    document = json.loads(capsys.readouterr().out)
    return {setting["name"]: (setting["value"], setting["source"]) for setting in document["settings"]}


def test_everything_that_is_set_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    found = shown(capsys, "--suffix", "prod")
    assert found["region"] == ("eu-west-1", SECTION)
    assert found["account"] == ("123456789012", SECTION)
    assert found["role"] == ("arn:aws:iam::123456789012:role/deployer", SECTION)
    assert found["protected"] == ("yes", "the suffix, which is always protected")
    assert found["tags.team"] == ("data", SECTION)
    assert found["parameters.AlertEmail"] == ("ops@example.com", SECTION)
    assert found["sizes.UserData.memory_size"] == ("512", SECTION)
    assert found["sizes.UserData.timeout"] == ("300", "the default")
    assert found["activity_shards"] == ('[[0,1],["2026-12-01T00:00:00Z",8]]', SECTION)


def test_what_is_not_set_says_what_holds(capsys: pytest.CaptureFixture[str]) -> None:
    found = shown(capsys, "--suffix", "dev")
    assert found["region"] == ("us-west-2", "AWS_REGION")
    assert found["account"] == (None, "not set: any account")
    assert found["protected"] == ("no", "the default")
    assert found["tags"] == (None, "not set: as the stack has them")
    assert found["activity_shards"] == ("[[0,1]]", "the default")


def test_a_suffix_that_the_settings_protect(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("[suffix.try]\nprotected = yes\n")
    assert shown(capsys, "--suffix", "try")["protected"] == ("yes", "setup.cfg [suffix.try]")


def test_the_command_line_wins(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "--suffix", "prod", "--region", "us-east-1")["region"] == ("us-east-1", "--region")


@pytest.mark.parametrize(
    ("variables", "configuration", "expected"),
    [
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-west-3"}, "", ("eu-north-1", "AWS_REGION")),
        ({"AWS_DEFAULT_REGION": "eu-west-3"}, "", ("eu-west-3", "AWS_DEFAULT_REGION")),
        ({}, "[default]\nregion = sa-east-1\n", ("sa-east-1", "the profile default")),
        ({}, "", ("us-west-2", "the default")),
    ],
)
def test_a_region_that_is_not_set_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    configuration: str,
    expected: tuple[str, str],
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "config").write_text(configuration)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert shown(capsys)["region"] == expected


def test_people_see_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "--suffix", "prod"]) == 0
    lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["Settings", "of", "TapStackprod"]
    assert ["region", "eu-west-1", SECTION] in lines


def test_bad_settings_are_wrong_usage_of_every_command(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("[suffix.prod]\ncolour = red\n")
    for command in ("settings", "deploy", "status"):
        assert main([command, "--suffix", "prod"]) == 2
        assert capsys.readouterr().err.startswith(f"{command}: {SECTION} has the unknown key colour; the keys are")
