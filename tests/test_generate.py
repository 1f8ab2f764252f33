"""`python generate.py` as people type it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generate import main
from stack import settings

ROOT = Path(__file__).parent.parent


def generate(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run generate.py with nothing of the user's environment but the variables given."""
    return subprocess.run(
        [sys.executable, "generate.py", *arguments],
        cwd=ROOT,
        env={"PATH": os.defpath, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def table_name(text: str) -> str:
    """The name of the user table in a template."""
    name: str = json.loads(text)["Resources"]["UserDataTable"]["Properties"]["TableName"]
    return name


def test_prints_the_template_of_the_suffix() -> None:
    assert table_name(generate("--suffix", "pr7").stdout) == "pr7-userdata-synth"


def test_takes_the_suffix_from_the_environment_and_else_dev() -> None:
    assert table_name(generate(ENVIRONMENT_SUFFIX="pr8").stdout) == "pr8-userdata-synth"
    assert table_name(generate().stdout) == "dev-userdata-synth"


def test_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    assert generate(PYTHONHASHSEED="1").stdout == generate(PYTHONHASHSEED="2").stdout


def test_refuses_a_bad_suffix_in_one_sentence() -> None:
    refused = generate("--suffix", "Dev")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("\n") == 1
    assert refused.stderr.startswith("generate.py: the suffix 'Dev' cannot")


def test_help_has_an_example() -> None:
    shown = generate("--help")
    assert shown.returncode == 0
    assert "python generate.py --suffix dev > template.json" in shown.stdout


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "generate.py"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 141


def test_prints_the_template_that_the_settings_of_the_suffix_ask_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings, "SETTINGS_FILE", tmp_path / "setup.cfg")
    lines = "[suffix.pr7]\nprotected = yes\nsizes =\n    UserData.memory_size = 1024\n"
    settings.SETTINGS_FILE.write_text(lines)
    assert main(["--suffix", "pr7"]) == 0
    resources = json.loads(capsys.readouterr().out)["Resources"]
    assert resources["UserDataProcessor"]["Properties"]["MemorySize"] == 1024
    assert resources["UserDataTable"]["DeletionPolicy"] == "Retain"


def test_refuses_bad_settings_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings, "SETTINGS_FILE", tmp_path / "setup.cfg")
    settings.SETTINGS_FILE.write_text("[suffix.pr7]\ncolour = red\n")
    assert main(["--suffix", "pr7"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("generate.py: setup.cfg [suffix.pr7] has the unknown key colour;")


Permissions = Callable[..., Any]


@pytest.fixture
def permissions(capsys: pytest.CaptureFixture[str]) -> Permissions:
    """The document that `--permissions` prints, given more arguments."""

    def permissions(*arguments: str) -> Any:
        assert main(["--permissions", *arguments]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return json.loads(out)

    return permissions


def test_prints_the_permissions_of_the_suffix(permissions: Permissions) -> None:
    printed = permissions("--suffix", "pr7")
    assert printed.keys() == {"Commands", "Deployer", "CloudFormation"}
    assert printed["CloudFormation"]["RoleName"] == "cloudformation-TapStackpr7"
    stack, *_ = printed["Commands"]["outputs"]["Statement"]
    assert stack["Resource"] == ["arn:aws:cloudformation:us-west-2:*:stack/TapStackpr7/*"]


def test_prints_the_same_permissions_whatever_the_hash_seed() -> None:
    one, other = (generate("--permissions", PYTHONHASHSEED=seed) for seed in "12")
    assert one.stdout == other.stdout != ""


def test_permissions_may_be_for_all_stacks_whose_suffix_begins_alike(permissions: Permissions) -> None:
    printed = permissions("--suffix", "pr-*", "--account", "123456789012", "--region", "eu-west-1")
    stack, *_ = printed["Commands"]["outputs"]["Statement"]
    assert stack["Resource"] == ["arn:aws:cloudformation:eu-west-1:123456789012:stack/TapStackpr-*/*"]


def test_permissions_follow_the_settings_of_the_suffix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, permissions: Permissions
) -> None:
    monkeypatch.setattr(settings, "SETTINGS_FILE", tmp_path / "setup.cfg")
    lines = (
        "[suffix.pr7]",
        "region = eu-west-1",
        "account = 123456789012",
        "role = arn:aws:iam::123456789012:role/own",
    )
    settings.SETTINGS_FILE.write_text("\n".join((*lines, "protected = yes")))
    printed = permissions("--suffix", "pr7", "--trust", "owner/repository")
    statements = {statement["Sid"]: statement for statement in printed["Commands"]["deploy"]["Statement"]}
    assert statements["Stack"]["Resource"] == ["arn:aws:cloudformation:eu-west-1:123456789012:stack/TapStackpr7/*"]
    assert statements["RoleOfCloudFormation"]["Resource"] == ["arn:aws:iam::123456789012:role/own"]
    (trust,) = printed["GitHub"]["AssumeRolePolicyDocument"]["Statement"]
    subjects = trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subjects == ["repo:owner/repository:environment:pr7"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--trust", "owner"], "'owner' is no repository of GitHub; write --trust OWNER/REPOSITORY."),
        (["--trust", "https://github.com/o/r"], "'https://github.com/o/r' is no repository of GitHub; write --trust"),
        (["--trust", "o/r:*"], "'o/r:*' is no repository of GitHub; write --trust OWNER/REPOSITORY."),
        (["--trust", "*/*"], "'*/*' is no repository of GitHub; write --trust OWNER/REPOSITORY."),
        (["--trust", ""], "'' is no repository of GitHub; write --trust OWNER/REPOSITORY."),
        (["--trust", "owner/repository"], "a role that trusts GitHub belongs to one account; name it with --account"),
        (["--account", "12"], "'12' is no account; write its twelve digits."),
        (["--region", "Oregon"], "'Oregon' is no region; write one like us-west-2."),
        (["--suffix", "*"], "the suffix '' cannot be part of a name"),
        (["--suffix", "p*r"], "the suffix 'p*r' cannot be part of a name"),
    ],
)
def test_refuses_permissions_that_cannot_be_written_down(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(["--permissions", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"generate.py: {sentence}")


@pytest.mark.parametrize("option", ["--trust", "--account", "--region"])
def test_the_options_of_permissions_need_them(option: str) -> None:
    refused = generate(option, "")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "generate.py: --trust, --account and --region go with --permissions; add that.\n"
