import hashlib
import json
from pathlib import Path

import pytest

from build.command_line import main
from build.packaging import Package, command, package
from stack.config import StackConfig
from tests.build.packaging.test_packager import CONFIG, NAMES


@pytest.fixture(autouse=True)
def sample(handlers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command package the sample, without a terminal."""

    def package_sample(config: StackConfig, output: Path, bytecode: bool) -> Package:
        return package(CONFIG, output, bytecode, handlers)

    monkeypatch.setattr(command, "package", package_sample)


def test_lists_what_was_built_and_what_is_unchanged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["package", "--output", str(tmp_path / "output")]
    for state in ("built", "unchanged"):
        assert main(arguments) == 0
        _, total, heading, *archives = capsys.readouterr().out.splitlines()
        assert total.startswith("5 archives, ") and total.endswith(f", in {tmp_path / 'output'}")
        assert heading.split() == ["archive", "size", "digest", "state"]
        assert [line.split()[0] for line in archives] == NAMES
        assert [line.split()[-1] for line in archives] == [state] * 5


def test_json_says_where_each_archive_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["package", "--json", "--output", str(tmp_path)]) == 0
    *_, result = map(json.loads, capsys.readouterr().out.splitlines())
    assert (result["type"], result["output"]) == ("result", str(tmp_path))
    assert [archive["name"] for archive in result["archives"]] == NAMES
    for archive in result["archives"]:
        content = Path(archive["path"]).read_bytes()
        assert (archive["size"], archive["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert archive["key"].startswith(f"{archive['name']}/") and archive["rebuilt"] is True


def test_json_says_why_it_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["package", "--json", "--output", str(tmp_path / "file")]) == 1
    *_, failure = map(json.loads, capsys.readouterr().out.splitlines())
    assert (failure["type"], failure["exit_code"]) == ("failure", 1)
    assert failure["message"].startswith("packaging stopped")


def test_a_failure_is_one_sentence_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["package", "--output", str(tmp_path / "file")]) == 1
    captured = capsys.readouterr()
    assert "archives" not in captured.out
    assert captured.err.startswith("package: packaging stopped") and captured.err.count("\n") == 1


def test_bytecode_without_the_runtimes_python_names_the_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert main(["package", "--bytecode", "--output", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("package: --bytecode needs python3.13 on PATH; install ")


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["package", "--help"])
    printed = capsys.readouterr().out
    assert "--bytecode" in printed and printed.rstrip().endswith(command.EXAMPLE)
